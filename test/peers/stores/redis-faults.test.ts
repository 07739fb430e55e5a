import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import type { OptionsOf, redisOptions } from "../../../backends/options.js";
import { openRedis } from "../../../backends/redis.js";
import { all } from "../../backends/conformance.js";
import { muteServer } from "../../support/mute-server.js";
import { missing } from "../../support/peers.js";
import { cleanUp, run, Sandbox, TROCLA } from "../../support/sandbox.js";
import { freePort } from "../../support/server.js";
import { outlivesItsServer } from "../../support/stores/key-value.js";
import { Redis } from "../../support/stores/redis.js";
import { TestCa } from "../../support/tls.js";

type Options = OptionsOf<typeof redisOptions>;

async function opened(options: Options): Promise<Backend> {
	const backend = await openRedis(options);
	cleanUp(() => backend.close());
	return backend;
}

const refused = (options: Options) => expect(openRedis(options)).rejects;

async function started(...settings: string[]): Promise<Redis> {
	const redis = await Redis.start(settings);
	cleanUp(() => redis.stop());
	return redis;
}

describe.skipIf(missing("redis-server", "redis-cli"))("a Redis", () => {
	let redis: Redis;
	beforeAll(async () => {
		redis = await Redis.start();
	});
	afterAll(() => redis?.stop());

	test.each([
		["appendonly", "no", "it forgets the last changes when it ends (appendonly no)"],
		["appendfsync", "everysec", "it answers before changes are on its disk (appendfsync everysec)"],
		["no-appendfsync-on-rewrite", "yes", "it answers before changes are on its disk while it rewrites its log"],
		["maxmemory-policy", "allkeys-lru", "it drops records when its memory is full (maxmemory-policy allkeys-lru)"],
	])(
		"that may lose passwords, %s %s, is refused unless that is allowed, and doctor tells",
		async (name, value, message) => {
			const before = (await redis.ask("CONFIG", "GET", name)).split("\n")[1] ?? "";
			cleanUp(() => redis.ask("CONFIG", "SET", name, before));
			await redis.ask("CONFIG", "SET", name, value);
			await refused({ url: [redis.url] }).toMatchObject({
				message: expect.stringContaining(`${redis.url}: the server may lose passwords: ${message}`),
				hint: expect.stringMatching(/^On the server: CONFIG SET .*store_options.allow_loss: true$/),
			});
			const allowed = await opened({ url: [redis.url], allow_loss: true });
			expect(await allowed.swap(name, undefined, "1")).toBe(true);
			expect(await allowed.check()).toMatchObject([{ message: expect.stringContaining(message) }]);
		},
	);

	test("lets a user in with its password only, and with the rights that are documented only", async () => {
		await redis.ask("ACL", "SETUSER", "keeper", "on", ">s3cret", "resetkeys", "~trocla::*", "-@all", ...RIGHTS);
		const url = [redis.url.replace("//", "//keeper@")];
		const backend = await opened({ url, password: "s3cret" });
		expect(await backend.swap("zz", undefined, "1")).toBe(true);
		expect(await backend.swap("zz", "1", "2")).toBe(true);
		expect(await backend.readMany(["zz"])).toEqual(["2"]);
		expect(await all(backend.keys("zz"))).toEqual(["zz"]);
		expect(await backend.swap("zz", "2", undefined)).toBe(true);
		expect(await backend.check()).toEqual([]);
		for (const password of ["wrong", undefined]) {
			await refused({ url, password }).toMatchObject({
				message: `${redis.url}: the server does not take this user and password`,
			});
		}
		const elsewhere = await opened({ url, password: "s3cret", namespace: "other" });
		await expect(elsewhere.swap("zz", undefined, "1")).rejects.toMatchObject({
			fault: "full",
			message: `${redis.url}: the user may not do what trocla needs`,
			hint: expect.stringContaining(RIGHTS.join(" ")),
		});
		await redis.ask("ACL", "SETUSER", "keeper", "-config|get");
		await refused({ url, password: "s3cret" }).toMatchObject({
			message: expect.stringContaining("it does not tell whether changes are on its disk"),
			hint: expect.stringContaining("+config|get"),
		});
		await redis.ask("ACL", "SETUSER", "keeper", "-info");
		await refused({ url, password: "s3cret" }).toMatchObject({ message: expect.stringContaining("may not do") });
	});

	test("that has a password is not used without, and none is sent to one that has none", async () => {
		const guarded = await started("--requirepass", "s3cret");
		await refused({ url: [guarded.url] }).toMatchObject({ message: expect.stringContaining("user and password") });
		expect(await (await opened({ url: [guarded.url], password: "s3cret" })).read("a")).toBeUndefined();
	});

	test("without scripts is refused in words that have nothing of what was sent", async () => {
		const crippled = await started("--rename-command", "EVALSHA", "");
		const backend = await opened({ url: [crippled.url] });
		const error = await backend.swap("a", undefined, "s3cret").catch((error: unknown) => error);
		expect(error).toMatchObject({ message: `${crippled.url}: the server does not know a command that trocla needs` });
		expect(inspect(error, { depth: 9 })).not.toContain("s3cret");
	});

	test("that has no memory left takes nothing more, and keeps what it has", async () => {
		const small = await started("--maxmemory", "2mb");
		const backend = await opened({ url: [small.url] });
		const text = "x".repeat(100_000);
		let stored = 0;
		const fill = async () => {
			while (stored < 100) {
				await backend.swap(`n${stored}`, undefined, text);
				stored++;
			}
		};
		await expect(fill()).rejects.toMatchObject({
			fault: "full",
			message: `${small.url}: the server has used all the memory that it may use`,
		});
		expect(await backend.read(`n${stored}`)).toBeUndefined();
		const texts = await backend.readMany(Array.from({ length: stored }, (_, n) => `n${n}`));
		expect(new Set(texts)).toEqual(new Set([text]));
	});

	test("that is a replica, or becomes one, is refused; the primary that is named too is used", async () => {
		const replica = await started("--replicaof", "127.0.0.1", String(redis.port));
		const error = {
			fault: "full",
			message: `${replica.url}: the server is a replica, which takes no changes and may not have the last ones`,
		};
		await refused({ url: [replica.url] }).toMatchObject(error);
		const backend = await opened({ url: [replica.url, redis.url], namespace: "replicated" });
		expect(await backend.swap("a", undefined, "1")).toBe(true);
		await replica.ask("REPLICAOF", "NO", "ONE");
		const alone = await opened({ url: [replica.url], namespace: "demoted" });
		await alone.swap("a", undefined, "1");
		await replica.ask("REPLICAOF", "127.0.0.1", String(redis.port));
		await expect(alone.swap("a", "1", "2")).rejects.toMatchObject({ name: "BackendError" });
		await expect(alone.read("a")).rejects.toMatchObject(error);
	});

	test("that is gone for a while is waited for, and has what it answered after it was killed", async () => {
		const mortal = await started();
		const backend = await opened({ url: [mortal.url], seconds: 20 });
		await outlivesItsServer(backend, mortal);
	});

	test("that is not there, or nowhere, or never answers, is told in time", async () => {
		const port = await freePort();
		const nobody = { fault: "unavailable", message: `redis://127.0.0.1:${port}: nobody listens there` };
		await refused({ url: [`redis://127.0.0.1:${port}`], seconds: 0.3 }).toMatchObject(nobody);
		await refused({ url: ["redis://nowhere.invalid"] }).toMatchObject({
			message: "redis://nowhere.invalid: there is no such host",
		});
		const mute = `redis://user@127.0.0.1:${await muteServer()}`;
		await refused({ url: [mute], password: "s3cret", seconds: 0.3 }).toMatchObject({
			message: `${mute.replace("user@", "")}: no answer in 0.3 seconds`,
		});
	});

	test("with TLS is used where its certificate is for its name and of a CA that is named", async () => {
		const sandbox = new Sandbox();
		const tls = await TestCa.make(sandbox.directory);
		const { certificate, key, ca = "" } = await tls.https();
		const port = await freePort();
		const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", ca];
		await started("--port", "0", "--tls-port", String(port), ...files);
		const client = await tls.client("trocla");
		const own = { certificate: sandbox.path("client.pem"), key: sandbox.path("client.key") };
		writeFileSync(own.certificate, String(client.cert));
		writeFileSync(own.key, String(client.key), { mode: 0o600 });
		const backend = await opened({ url: [`rediss://localhost:${port}`], ca, ...own });
		expect(await backend.swap("a", undefined, "1")).toBe(true);
		const message = (text: string) => ({ message: expect.stringContaining(text) });
		await refused({ url: [`rediss://127.0.0.1:${port}`], ca, ...own }).toMatchObject(message("is for another name"));
		await refused({ url: [`rediss://localhost:${port}`], ...own }).toMatchObject(message("a CA that is not trusted"));
		await refused({ url: [`rediss://localhost:${redis.port}`], ca, seconds: 1 }).toMatchObject({
			name: "BackendError",
		});
		await refused({ url: [`rediss://localhost:${port}`], ca, certificate }).toMatchObject(message("only one of"));
		await refused({ url: [`rediss://localhost:${port}`], ca: "/nowhere.pem" }).toMatchObject(
			message("store_options.ca: /nowhere.pem can't be used"),
		);
		expect(readFileSync(own.key, "utf8")).toContain("PRIVATE KEY");
		const exposed = sandbox.path("exposed.key");
		writeFileSync(exposed, String(client.key), { mode: 0o644 });
		await refused({ url: [`rediss://localhost:${port}`], ca, ...own, key: exposed }).toMatchObject({
			fault: "exposed",
			hint: `Run: chmod 600 ${exposed}`,
		});
	});

	test("is asked for by its name over TLS, for what forwards it by that", async () => {
		const { certificate, key, ca = "" } = await (await TestCa.make(new Sandbox().directory)).https();
		const asked: unknown[] = [];
		const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (socket) => {
			asked.push(socket.servername);
			socket.destroy();
		}).listen(0);
		cleanUp(() => server.close());
		await once(server, "listening");
		const { port } = server.address() as AddressInfo;
		await refused({ url: [`rediss://localhost:${port}`], ca, seconds: 1 }).toMatchObject({ fault: "unavailable" });
		expect(new Set(asked)).toEqual(new Set(["localhost"]));
	});

	test("on the network without TLS is told of by the check", async () => {
		const { url } = await started();
		// Which is this host, but is not written as one that is.
		const backend = await opened({ url: [url.replace("127.0.0.1", "0.0.0.0")] });
		expect(await backend.check()).toEqual([
			{
				message: expect.stringMatching(/^redis:\/\/0\.0\.0\.0:\d+: passwords.* cross the network for all to read$/),
				hint: "Use rediss:// in store_options.url",
			},
		]);
	});

	test("keeps what the command makes, whose driver is compiled once", async () => {
		const { url } = await started();
		const sandbox = new Sandbox();
		sandbox.configure({ store: "redis", store_options: { url } });
		const options = { env: { ...sandbox.env, XDG_CACHE_HOME: sandbox.path("cache") } };
		const get = () => run(process.execPath, [TROCLA, "get", "alice", "plain"], options);
		const made = await get();
		expect(made).toMatchObject({ code: 0, stderr: "" });
		const kept = readdirSync(sandbox.path("cache/trocla"));
		expect(kept).toContainEqual(expect.stringMatching(/-redis\.js$/));
		expect(await get()).toEqual(made);
		expect(readdirSync(sandbox.path("cache/trocla"))).toEqual(kept);
	});

	test("keeps what the command makes; doctor finds it sound, and nobody sees the password", async () => {
		const guarded = await started("--requirepass", "s3cret");
		const sandbox = new Sandbox();
		writeFileSync(sandbox.path("password"), "s3cret\n", { mode: 0o600 });
		sandbox.configure({ store: "redis", store_options: { url: guarded.url, password_file: sandbox.path("password") } });
		const made = await sandbox.run(["get", "alice", "plain"]);
		expect(made).toMatchObject({ code: 0, stderr: "" });
		expect(await sandbox.run(["get", "alice", "plain"])).toEqual(made);
		const { code, stdout } = await sandbox.run(["doctor"]);
		expect(stdout).toContain(`${guarded.url}: 1 key, which is sound`);
		expect(code).toBe(0);
		writeFileSync(sandbox.path("password"), "other\n", { mode: 0o600 });
		const refusal = await sandbox.run(["get", "alice", "plain"]);
		expect(refusal).toMatchObject({ code: 1, stdout: "" });
		expect(refusal.stderr).toContain("does not take this user and password");
		expect(refusal.stderr).not.toContain("other");
	});
});

const RIGHTS = ["+get", "+mget", "+set", "+del", "+scan", "+eval", "+evalsha", "+info", "+config|get"];
