import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { expect, test } from "vitest";
import { connectionError, isConnectionLost, NoAnswer } from "../../../backends/server/connection-error.js";
import { HttpClient, type HttpSettings } from "../../../backends/server/http.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";
import { TestCa } from "../../support/tls.js";

const tls = { rejectUnauthorized: true } as const;

function client(base: string, settings: Partial<HttpSettings> = {}): HttpClient {
	const http = new HttpClient(base, { tls, seconds: 5, connections: 2, ...settings });
	cleanUp(() => http.close());
	return http;
}

async function listening<Kind extends Server>(server: Kind): Promise<{ readonly server: Kind; readonly port: number }> {
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	cleanUp(() => {
		server.close();
		(server as { closeAllConnections?: () => void }).closeAllConnections?.();
	});
	return { server, port: (server.address() as AddressInfo).port };
}

const serving = (answer: RequestListener) => listening(createServer(answer));

/** Answers with what it was asked. */
const echo: RequestListener = async (request, response) => {
	let body = "";
	for await (const chunk of request) body += chunk;
	const { method, url, headers } = request;
	response
		.writeHead(404)
		.end(JSON.stringify({ method, url, type: headers["content-type"], token: headers["x-token"], body }));
};

/** What a question fails with. */
async function failure(http: HttpClient): Promise<unknown> {
	return await http.ask({ method: "GET", path: "a" }).then(
		() => expect.fail("answered"),
		(error: unknown) => error,
	);
}

test("a question goes below the server's path, and any status is an answer", async () => {
	const { port } = await serving(echo);
	const http = client(`http://user@127.0.0.1:${port}/base`);
	const question = { method: "PUT", path: "v1/a%2Fb?x=1", headers: { "x-token": "t" }, body: { é: 1 } };
	expect(await http.ask(question)).toEqual({
		status: 404,
		body: { method: "PUT", url: "/base/v1/a%2Fb?x=1", type: "application/json", token: "t", body: '{"é":1}' },
	});
	expect(await http.ask({ method: "GET", path: "" })).toMatchObject({ body: { url: "/base/", body: "" } });
});

test("an answer that is no JSON has a status only", async () => {
	const { port } = await serving((_, response) => response.writeHead(502).end("<h1>Bad Gateway</h1>"));
	expect(await client(`http://127.0.0.1:${port}`).ask({ method: "GET", path: "a" })).toEqual({
		status: 502,
		body: undefined,
	});
});

test("a hundred questions at once go over as many connections as there may be", async () => {
	const { server, port } = await serving(echo);
	let connections = 0;
	server.on("connection", () => connections++);
	const http = client(`http://127.0.0.1:${port}`, { connections: 3 });
	await Promise.all(Array.from({ length: 100 }, () => http.ask({ method: "GET", path: "a" })));
	expect(connections).toBe(3);
});

test.each([
	["never answers", () => {}],
	["stops in the middle", (_, response) => response.writeHead(200, { "content-length": 9 }).write("{")],
] satisfies [string, RequestListener][])("a server that %s is lost when the time is over", async (_, answer) => {
	const { port } = await serving(answer);
	const error = await failure(client(`http://127.0.0.1:${port}`, { seconds: 0.2 }));
	expect(error).toBeInstanceOf(NoAnswer);
	expect(isConnectionLost(error)).toBe(true);
	expect(connectionError(error, "http://db")).toMatchObject({ message: "http://db: no answer in 0.2 seconds" });
});

test("a server that hangs up, or is not there, is lost", async () => {
	const { port } = await serving((request) => request.socket.destroy());
	expect(isConnectionLost(await failure(client(`http://127.0.0.1:${port}`)))).toBe(true);
	const gone = await serving(echo);
	gone.server.close();
	const refused = await failure(client(`http://127.0.0.1:${gone.port}`));
	expect(isConnectionLost(refused)).toBe(true);
	expect(connectionError(refused, "http://db").message).toBe("http://db: nobody listens there");
});

test("a host that does not exist is not waited for", async () => {
	const error = await failure(client("http://nowhere.invalid"));
	expect(connectionError(error, "http://nowhere.invalid").message).toMatch(/there is no such host$/);
});

test("a server's certificate must be for its name, and signed by a CA that is named", async () => {
	const sandbox = new Sandbox();
	const ca = await TestCa.make(sandbox.directory);
	const { certificate, key } = await ca.https();
	const pem = { cert: readFileSync(certificate), key: readFileSync(key) };
	const { port } = await listening(createTlsServer(pem, echo));
	const { ca: trusted } = await ca.anyone();
	const trusting = { tls: { ...tls, ca: String(trusted) } };
	const good = client(`https://localhost:${port}`, trusting);
	expect(await good.ask({ method: "GET", path: "a" })).toMatchObject({ status: 404 });
	const words = async (http: HttpClient) => {
		const error = await failure(http);
		expect(isConnectionLost(error)).toBe(false);
		return connectionError(error, "it").message;
	};
	expect(await words(client(`https://127.0.0.1:${port}`, trusting))).toMatch(/is for another name$/);
	expect(await words(client(`https://localhost:${port}`))).toMatch(/signed by a CA that is not trusted here$/);
	const plain = await serving(echo);
	expect(await words(client(`https://localhost:${plain.port}`))).toMatch(/^it: TLS failed: /);
});
