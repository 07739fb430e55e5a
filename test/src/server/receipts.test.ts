import { once } from "node:events";
import { Agent } from "node:http";
import { expect, test } from "vitest";
import { newToken } from "../../../src/server/tokens.js";
import { type Answer, TestDaemon } from "../../support/daemon.js";
import { cleanUp } from "../../support/sandbox.js";
import { TestCa } from "../../support/tls.js";

const ALICE = "/v1/key/alice/plain";

/** A client with one connection, which it keeps. */
function connection(): Agent {
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	cleanUp(() => agent.destroy());
	return agent;
}

async function daemonOfAlice(limits: object = {}): Promise<TestDaemon> {
	const daemon = await TestDaemon.start({ limits });
	await daemon.send("PUT", ALICE, { body: { value: "secret" } });
	return daemon;
}

const take = (daemon: TestDaemon, agent: Agent, key = "alice") =>
	daemon.send("DELETE", `/v1/key/${key}/plain?receipt=true`, { agent });

const settle = (daemon: TestDaemon, { json }: Answer, delivered: boolean, agent?: Agent) =>
	daemon.send("POST", `/v1/receipts/${json.receipt}`, { body: { delivered }, ...(agent && { agent }) });

const ABANDONED =
	/^the plaintext of "alice" was being handed out on .* which never heard whether it arrived: someone may/;

test("what is handed out for a receipt is claimed until the client confirms it, and removed then", async () => {
	const daemon = await daemonOfAlice();
	const agent = connection();
	const taken = await take(daemon, agent);
	expect(taken.json).toEqual({ format: "plain", value: "secret", receipt: expect.any(String), success: true });
	expect(Buffer.from(taken.json.receipt, "base64url")).toHaveLength(32);
	for (const other of [await daemon.send("GET", ALICE), await daemon.send("DELETE", `${ALICE}?force=true`)]) {
		expect(other).toMatchObject({ status: 409, json: { error: { code: "claimed" } } });
	}
	// Through another connection as well, as long as the first one is there.
	expect((await settle(daemon, taken, true)).json).toEqual({ success: true });
	expect((await daemon.send("GET", ALICE)).status).toBe(404);
	expect((await settle(daemon, taken, true)).json.error.message).toBe("no hand-out waits for this receipt");
});

test("what the client declines stays, as it was", async () => {
	const daemon = await daemonOfAlice();
	const agent = connection();
	const taken = await take(daemon, agent);
	expect((await settle(daemon, taken, false, agent)).json).toEqual({ success: true });
	expect((await daemon.send("DELETE", "/v1/key/alice")).json).toEqual({ values: { plain: "secret" }, success: true });
});

test("what a client took that then was gone stays, and the next one hears that someone may have seen it", async () => {
	const daemon = await daemonOfAlice();
	const agent = connection();
	const taken = await take(daemon, agent);
	agent.destroy();
	const get = async () => (await daemon.send("GET", ALICE)).json.error.message;
	await expect.poll(get).toMatch(ABANDONED);
	expect((await settle(daemon, taken, true)).status).toBe(404);
	expect((await daemon.send("DELETE", `${ALICE}?force=true`)).json.value).toBe("secret");
});

test("a confirmation that comes too late removes nothing", async () => {
	const daemon = await daemonOfAlice({ receipt: 1 });
	const agent = connection();
	const taken = await take(daemon, agent);
	const get = async () => (await daemon.send("GET", ALICE)).json.error.message;
	await expect.poll(get, { timeout: 10_000 }).toMatch(ABANDONED);
	expect(await settle(daemon, taken, true, agent)).toMatchObject({
		status: 404,
		json: { error: { code: "not_found", hint: expect.stringContaining("too late") } },
	});
	expect((await daemon.send("DELETE", `${ALICE}?force=true`)).json.value).toBe("secret");
});

test("a daemon that is stopped does not wait for receipts, and what it handed out stays", async () => {
	const daemon = await daemonOfAlice();
	await take(daemon, connection());
	await daemon.daemon.stop(20_000);
	await daemon.withStore(async (trocla) => {
		await expect(trocla.peek("alice", "plain")).rejects.toThrow(ABANDONED);
		const got: unknown[] = [];
		await trocla.handOut("alice", (values) => void got.push(values), { force: true });
		expect(got).toEqual([{ plain: "secret" }]);
	});
});

test("a receipt is of use to nobody but the client that has it", async () => {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory);
	const { token, hash } = newToken();
	const rules = [{ who: { token: "ci" }, may: ["delete"], keys: ["**"] }];
	const daemon = await TestDaemon.start({ https: await ca.https(), tokens: { ci: { hash } }, rules });
	await daemon.send("PUT", ALICE, { body: { value: "secret" } });
	const taken = await take(daemon, connection());
	const tls = await ca.anyone();
	const sending = { tls, body: { delivered: true }, headers: { "x-token": token } };
	const path = `/v1/receipts/${taken.json.receipt}`;
	expect((await daemon.send("POST", path, sending)).status).toBe(404);
	expect((await daemon.send("POST", path, { ...sending, headers: {} })).status).toBe(403);
	expect((await settle(daemon, taken, true)).status).toBe(200);
});

test("of the values that a client takes, only so many wait for receipts at once", async () => {
	const daemon = await TestDaemon.start();
	const keys = Array.from({ length: 65 }, (_, index) => ({ key: `key${index}`, value: "secret" }));
	await daemon.send("POST", "/v1/set", { body: { keys } });
	const agents = keys.map(() => connection());
	const taken: Answer[] = [];
	for (const [index, { key }] of keys.entries()) taken.push(await take(daemon, agents[index] ?? connection(), key));
	const last = taken.pop() ?? expect.fail();
	expect(last).toMatchObject({ status: 429, headers: { "retry-after": "1" }, json: { error: { code: "too_many" } } });
	await Promise.all(taken.map((one) => settle(daemon, one, true)));
	expect((await daemon.send("GET", "/v1/search/.")).json.keys).toEqual(["key64"]);
	expect((await take(daemon, agents[64] ?? connection(), "key64")).status).toBe(200);
});

test("a client may have many receipts through one connection, and the log has nothing to say of that", async () => {
	const daemon = await TestDaemon.start();
	const keys = Array.from({ length: 20 }, (_, index) => ({ key: `key${index}`, value: "secret" }));
	await daemon.send("POST", "/v1/set", { body: { keys } });
	const told: string[] = [];
	const tell = ({ message }: Error) => void told.push(message);
	process.on("warning", tell);
	cleanUp(() => process.off("warning", tell));
	const agent = connection();
	const taken: Answer[] = [];
	for (const { key } of keys) taken.push(await take(daemon, agent, key));
	for (const one of taken) expect((await settle(daemon, one, true, agent)).status).toBe(200);
	expect(told).toEqual([]);
});

test("a value that a client did not read before it was gone stays, and nobody has seen it", async () => {
	const daemon = await TestDaemon.start();
	const value = "x".repeat(1_000_000);
	await daemon.send("PUT", ALICE, { body: { value } });
	const socket = await daemon.connect();
	socket.write(`DELETE ${ALICE}?receipt=true HTTP/1.1\r\nhost: x\r\n\r\n`);
	await once(socket, "readable");
	socket.destroy();
	await expect.poll(async () => (await daemon.send("GET", ALICE)).status).toBe(200);
	expect((await daemon.send("DELETE", ALICE)).json.value).toBe(value);
});

test("who asks who it is hears what the rules let it do", async () => {
	const daemon = await TestDaemon.start({ rules: [{ who: "socket", may: ["create", "get"], keys: ["app/*"] }] });
	const { json } = await daemon.send("GET", "/v1/whoami");
	expect(json).toEqual({ client: `socket uid ${process.getuid?.()}`, may: ["get", "create"], success: true });
});
