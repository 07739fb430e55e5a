import { expect, test } from "vitest";
import { TestDaemon } from "../../support/daemon.js";

/** A daemon with more keys than the buffers between it and a client hold, and how many connections it has. */
async function daemonOfMany() {
	const daemon = await TestDaemon.start({ limits: { seconds: 60 } });
	for (let i = 0; i < 4; i++) {
		const keys = Array.from({ length: 1000 }, (_, index) => ({ key: `${i}/${index}/${"x".repeat(400)}` }));
		await daemon.send("POST", "/v1/create", { body: { keys } });
	}
	const connections = async () =>
		Number(/^trocla_connections (\d+)$/m.exec((await daemon.send("GET", "/metrics")).text)?.[1]);
	/** Asks for all of them, and reads nothing. */
	const ask = async () => {
		const socket = (await daemon.connect()).pause();
		socket.write("GET /v1/search/x HTTP/1.1\r\nhost: x\r\n\r\n");
		return socket;
	};
	return { daemon, connections, ask };
}

test("of many searches four go on at a time; the others wait, and come as soon as one has ended", async () => {
	const { daemon, ask } = await daemonOfMany();
	const unread = await Promise.all(Array.from({ length: 4 }, ask));
	const readable = unread.map((socket) => new Promise((resolve) => socket.once("readable", resolve)));
	await Promise.all(readable);
	let isAnswered = false;
	const fifth = daemon.send("GET", "/v1/search/%5E0%2F1%2F").finally(() => {
		isAnswered = true;
	});
	// It comes and goes, and so many others are answered meanwhile.
	const gone = await ask();
	for (let i = 0; i < 20; i++) expect((await daemon.send("GET", "/v1/formats/missing")).status).toBe(404);
	gone.destroy();
	expect(isAnswered).toBe(false);
	unread[0]?.destroy();
	expect((await fifth).json.keys).toHaveLength(1);
});

test("a client that does not read the answer to its search is cut off, and gets no answer that looks whole", async () => {
	const { daemon, connections, ask } = await daemonOfMany();
	const before = await connections();
	const unread = await ask();
	await expect.poll(connections).toBe(before + 1);
	await expect.poll(connections, { timeout: 20_000 }).toBe(before);
	const text = Buffer.concat(await unread.toArray().catch(() => [])).toString();
	expect(text).not.toContain('"success":true');
	expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
	expect((await daemon.send("GET", "/v1/search/x")).json.keys).toHaveLength(4000);
}, 40_000);
