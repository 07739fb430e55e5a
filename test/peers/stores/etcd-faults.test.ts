import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import { openEtcd } from "../../../backends/etcd.js";
import type { etcdOptions, OptionsOf } from "../../../backends/options.js";
import { notDone } from "../../../src/records/pages.js";
import { all } from "../../backends/conformance.js";
import { muteServer } from "../../support/mute-server.js";
import { missing } from "../../support/peers.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";
import { freePort } from "../../support/server.js";
import { Etcd, type EtcdSettings } from "../../support/stores/etcd.js";
import { outlivesItsServer } from "../../support/stores/key-value.js";
import { TestCa } from "../../support/tls.js";

type Options = OptionsOf<typeof etcdOptions>;

async function opened(options: Options): Promise<Backend> {
	const backend = await openEtcd(options);
	cleanUp(() => backend.close());
	return backend;
}

const refused = (options: Options) => expect(openEtcd(options)).rejects;

async function started(settings: EtcdSettings = {}): Promise<Etcd> {
	const etcd = await Etcd.start(settings);
	cleanUp(() => etcd.stop());
	return etcd;
}

describe.skipIf(missing("etcd", "etcdctl"))("an etcd", () => {
	test("lets a user in with its password and rights only, and again when its token has ended", async () => {
		const etcd = await started({ settings: ["--auth-token-ttl", "1"] });
		for (const user of ["root:r00t", "keeper:s3cret"]) await etcd.ask("user", "add", user);
		await etcd.ask("role", "add", "trocla");
		await etcd.ask("role", "grant-permission", "trocla", "readwrite", "--prefix=true", "trocla:");
		await etcd.ask("user", "grant-role", "keeper", "trocla");
		await etcd.ask("user", "grant-role", "root", "root");
		await etcd.ask("auth", "enable");
		const url = [etcd.url.replace("//", "//keeper@")];
		const backend = await opened({ url, password: "s3cret" });
		expect(await backend.swap("k", undefined, "1")).toBe(true);
		expect(await backend.swap("k", "1", "2")).toBe(true);
		expect(await backend.readMany(["k"])).toEqual(["2"]);
		expect(await all(backend.keys())).toEqual(["k"]);
		expect(await backend.check()).toEqual([]);
		// Users that change make all tokens old.
		await etcd.ask("--user", "root:r00t", "user", "add", "other:x");
		expect(await backend.swap("k", "2", "3")).toBe(true);
		await etcd.kill();
		await etcd.again();
		expect(await Promise.all([backend.read("k"), backend.swap("k", "3", "3")])).toEqual(["3", true]);
		expect(await backend.swap("k", "3", undefined)).toBe(true);
		const stranger = { message: `${etcd.url}: the server does not take this user and password` };
		await refused({ url, password: "wrong" }).toMatchObject(stranger);
		await refused({ url }).toMatchObject(stranger);
		await refused({ url, password: "s3cret", namespace: "other" }).toMatchObject({
			fault: "full",
			message: `${etcd.url}: the user may not do what trocla needs`,
			hint: expect.stringContaining("grant-permission"),
		});
	});

	test("that has no users does not get a password", async () => {
		const etcd = await started();
		await refused({ url: [etcd.url], password: "s3cret" }).toMatchObject({
			message: expect.stringContaining("the server has no users"),
		});
	});

	test("that has no space left takes nothing more, keeps what it has, and doctor tells", async () => {
		const etcd = await started({ settings: ["--quota-backend-bytes", "2097152"] });
		const backend = await opened({ url: [etcd.url] });
		const fill = async () => {
			for (let n = 0; n < 100; n++) await backend.swap(`n${n}`, undefined, "x".repeat(200_000));
		};
		const full = { fault: "full", message: expect.stringContaining("has used all the space") };
		await expect(fill()).rejects.toMatchObject(full);
		await expect(backend.swap("n0", "x".repeat(200_000), "1")).rejects.toMatchObject(full);
		expect(await backend.read("n0")).toHaveLength(200_000);
		expect(await backend.check()).toMatchObject([{ message: `${etcd.url}: etcd has raised the alarm NOSPACE` }]);
	});

	test("on the network without TLS is told of by the check", async () => {
		const etcd = await started();
		// Which is this host, but is not written as one that is.
		const backend = await opened({ url: [etcd.url.replace("127.0.0.1", "0.0.0.0"), "http://localhost:1"] });
		expect(await backend.check()).toEqual([
			{
				message: expect.stringMatching(/^http:\/\/0\.0\.0\.0:\d+: passwords.* cross the network for all to read$/),
				hint: "Use https:// in store_options.url",
			},
		]);
	});

	test("that is gone for a while is waited for, and has what it answered after it was killed", async () => {
		const etcd = await started();
		const backend = await opened({ url: [etcd.url], seconds: 20 });
		await outlivesItsServer(backend, etcd);
	});

	test("that is not there, or nowhere, or never answers, or is something else, is told in time", async () => {
		const port = await freePort();
		const nobody = { fault: "unavailable", message: `http://127.0.0.1:${port}: nobody listens there` };
		await refused({ url: [`http://127.0.0.1:${port}`], seconds: 0.3 }).toMatchObject(nobody);
		await refused({ url: ["http://nowhere.invalid"] }).toMatchObject({
			message: "http://nowhere.invalid: there is no such host",
		});
		const mute = `http://127.0.0.1:${await muteServer()}`;
		await refused({ url: [mute], seconds: 0.3 }).toMatchObject({ message: `${mute}: no answer in 0.3 seconds` });
		const etcd = await started({ settings: ["--enable-grpc-gateway=false"] });
		await refused({ url: [etcd.url] }).toMatchObject({
			message: `${etcd.url} answers with status 404, and not as etcd does`,
			hint: expect.stringContaining("--enable-grpc-gateway"),
		});
	});

	test("with TLS is used where its certificate is for its name and of a CA that is named", async () => {
		const sandbox = new Sandbox();
		const tls = await TestCa.make(sandbox.directory);
		const { certificate, key, ca = "" } = await tls.https();
		const files = ["--cert-file", certificate, "--key-file", key, "--trusted-ca-file", ca, "--client-cert-auth"];
		const etcd = await started({ scheme: "https", settings: files });
		const client = await tls.client("trocla");
		const own = { certificate: sandbox.path("client.pem"), key: sandbox.path("client.key") };
		writeFileSync(own.certificate, String(client.cert));
		writeFileSync(own.key, String(client.key), { mode: 0o600 });
		const named = `https://localhost:${etcd.port}`;
		const backend = await opened({ url: [named], ca, ...own });
		expect(await backend.swap("a", undefined, "1")).toBe(true);
		const message = (text: string) => ({ message: expect.stringContaining(text) });
		await refused({ url: [etcd.url], ca, ...own }).toMatchObject(message("is for another name"));
		await refused({ url: [named], ...own }).toMatchObject(message("a CA that is not trusted"));
		await refused({ url: [named], ca, seconds: 1 }).toMatchObject({ name: "BackendError", fault: "unavailable" });
	});

	test("keeps what the command makes; doctor finds it sound", async () => {
		const etcd = await started();
		const sandbox = new Sandbox();
		sandbox.configure({ store: "etcd", store_options: { url: ["http://127.0.0.1:1", etcd.url] } });
		const made = await sandbox.run(["get", "alice", "plain"]);
		expect(made).toMatchObject({ code: 0, stderr: "" });
		expect(await sandbox.run(["get", "alice", "plain"])).toEqual(made);
		const { code, stdout } = await sandbox.run(["doctor"]);
		expect(stdout).toContain(`http://127.0.0.1:1, ${etcd.url}: 1 key, which is sound`);
		expect(code).toBe(0);
	});
});

describe.skipIf(missing("etcd", "etcdctl"))("a cluster of three etcds", () => {
	let members: readonly Etcd[];
	beforeAll(async () => {
		members = await Etcd.cluster();
	});
	afterAll(() => Promise.all((members ?? []).map((member) => member.stop())));

	test("goes on without one of them, and says that it can't without two, in time", async () => {
		const [first, second] = members;
		const backend = await opened({ url: members.map(({ url }) => url), seconds: 5 });
		const increment = async (n: number) => {
			const swap = () => backend.swap("n", n === 0 ? undefined : `${n}`, `${n + 1}`);
			while (!(await swap().catch(notDone))) if ((await backend.read("n")) === `${n + 1}`) return;
		};
		for (let n = 0; n < 20; n++) {
			if (n === 10) await first?.kill();
			await increment(n);
		}
		await second?.kill();
		await expect(backend.read("n")).rejects.toMatchObject({ fault: "unavailable" });
		await expect(backend.swap("n", "20", "21")).rejects.toMatchObject({ fault: "unknown", key: "n" });
		await Promise.all([first?.again(), second?.again()]);
		expect(["20", "21"]).toContain(await backend.read("n"));
	});
});
