import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { CuttingProxy, type Fate } from "./cutting-proxy.js";
import { cleanUp } from "./sandbox.js";

/** A server that says each piece again, the proxy before it, and what the server has heard. */
async function scene(...fates: readonly Fate[]) {
	const heard: string[] = [];
	const server = createServer((socket) => {
		socket.on("error", () => {});
		socket.on("data", (piece) => {
			heard.push(String(piece));
			socket.write(piece);
		});
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	const proxy = await CuttingProxy.to((server.address() as { port: number }).port);
	cleanUp(async () => {
		await proxy.close();
		server.close();
	});
	proxy.meet(...fates);
	return { heard, proxy };
}

/** Sends a piece and gives the answer, or that there is none. */
async function say(socket: Socket, piece: string): Promise<string> {
	socket.write(piece);
	const [answer] = await Promise.race([once(socket, "data"), once(socket, "close").then(() => ["cut"])]);
	return String(answer);
}

test("pieces go to the server and answers come back, until a fate says otherwise", async () => {
	const { heard, proxy } = await scene("through", "request-lost");
	const socket = connect(proxy.port);
	expect(await say(socket, "a")).toBe("a");
	expect(await say(socket, "b")).toBe("cut");
	expect(heard).toEqual(["a"]);
	expect(await say(connect(proxy.port), "c")).toBe("c");
});

test("a request may arrive whose answer is lost", async () => {
	const { heard, proxy } = await scene("answer-lost");
	expect(await say(connect(proxy.port), "a")).toBe("cut");
	expect(heard).toEqual(["a"]);
});

test("a request may arrive after its client has asked again", async () => {
	const { heard, proxy } = await scene("overtaken");
	expect(await say(connect(proxy.port), "a")).toBe("cut");
	expect(await say(connect(proxy.port), "b")).toBe("b");
	await expect.poll(() => heard).toEqual(["b", "a"]);
});

test("a request may get lost without anybody noticing, until the connection is cut", async () => {
	const { heard, proxy } = await scene("silence");
	const socket = connect(proxy.port);
	const answer = say(socket, "a");
	await expect.poll(() => proxy.pieces).toBe(1);
	expect(await say(connect(proxy.port), "b")).toBe("b");
	expect(heard).toEqual(["b"]);
	proxy.cut();
	expect(await answer).toBe("cut");
});
