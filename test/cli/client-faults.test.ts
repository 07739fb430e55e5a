import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { newToken } from "../../src/server/tokens.js";
import { TestDaemon } from "../support/daemon.js";
import { isRoot, runAsNobody } from "../support/nobody.js";
import { OpenSsl } from "../support/openssl.js";
import { cleanUp, type Outcome, Sandbox, TROCLA } from "../support/sandbox.js";
import { answeringSocket, serve } from "../support/served.js";
import { TestCa } from "../support/tls.js";

/** A client of this place, whose commands end soon. */
function clientOf(server: string, options: object = {}): Sandbox {
	const client = new Sandbox();
	client.configure({ server, server_options: { seconds: 5, ...options } });
	return client;
}

const get = (client: Sandbox) => client.run(["get", "alice", "plain"]);

/** It failed, printed nothing, and told this and what to do about it. */
function expectTold(outcome: Outcome, what: RegExp | string): void {
	expect(outcome).toMatchObject({ code: 1, stdout: "" });
	expect(outcome.stderr).toMatch(what);
	expect(outcome.stderr).toMatch(/^trocla: .+\n {2}\S.+\n$/);
}

test("a daemon whose socket is not there, is nobody's, or not for this user, is told apart", async () => {
	const client = clientOf("unix:gone.sock");
	expectTold(await get(client), `the daemon unix:${client.path("gone.sock")} can't be asked: there is no such socket`);
	// A socket that the kernel was never told to remove.
	const left = `require("net").createServer().listen("gone.sock", () => process.kill(process.pid, "SIGKILL"))`;
	await once(spawn(process.execPath, ["-e", left], { cwd: client.directory }), "exit");
	expectTold(await get(client), "nobody listens on that socket");
	const told = JSON.parse((await client.run(["get", "alice", "plain", "--json"])).stderr);
	expect(told).toMatchObject({ error: { code: "server", message: expect.stringContaining("nobody listens") } });
});

test.runIf(isRoot || !process.env.CI)("a socket that a user may not use is told, and who says who may", async () => {
	const daemon = await TestDaemon.start();
	const client = clientOf(`unix:${daemon.socket}`);
	chmodSync(daemon.sandbox.directory, 0o755);
	chmodSync(client.path("troclarc.yaml"), 0o644);
	expectTold(await runAsNobody(client, ["get", "alice", "plain"]), "this user may not use that socket");
});

test("what is no daemon is told, whatever it answers", async () => {
	const answers = {
		html: "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\nhtml",
		json: 'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"a": true}',
		list: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]",
		redirect: "HTTP/1.1 302 Found\r\nlocation: https://example.com/\r\ncontent-length: 0\r\n\r\n",
		ssh: "SSH-2.0-OpenSSH_9.2p1\r\n",
	};
	for (const [name, answer] of Object.entries(answers)) {
		const client = clientOf("unix:s.sock");
		await answeringSocket(client.path("s.sock"), answer);
		const what = name === "ssh" ? "what listens there is no HTTP server" : "is no trocla daemon (HTTP status ";
		for (const args of [
			["get", "alice", "plain"],
			["search", "."],
			["delete", "alice"],
			["formats", "alice"],
		]) {
			const outcome = await client.run(args);
			expectTold(outcome, what);
		}
	}
});

test("an answer that ends in the middle, or never comes, is an error and no hang", async () => {
	const cut = clientOf("unix:s.sock");
	await answeringSocket(cut.path("s.sock"), 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"success": true');
	expectTold(await get(cut), "it ended the connection before it had answered");
	const half = clientOf("unix:s.sock");
	await answeringSocket(half.path("s.sock"), 'HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{"keys":["one","two",');
	const searched = await half.run(["search", "."]);
	expect(searched.code).toBe(1);
	expect(searched.stderr).toContain("it ended the connection before it had answered");
	const silent = clientOf("unix:s.sock", { seconds: 1 });
	await answeringSocket(silent.path("s.sock"));
	expectTold(await get(silent), "it did not answer within 1 s");
});

test("a daemon killed in mid-request is told, and what it had acknowledged is stored", async () => {
	const there = new Sandbox();
	const { socket, pidFile, starts } = await serve(there);
	const client = clientOf(`unix:${socket}`, { seconds: 60 });
	const { stdout } = await get(client);
	const slow = client.run(["get", "slow", "sha512crypt", "--rounds", "9999999"]);
	// The plaintext is stored with the hash: when there are connections, the hash is being made.
	const connections = async () => (await there.shell(`curl -s --unix-socket ${socket} http://x/metrics`)).stdout;
	await expect.poll(connections, { timeout: 20_000 }).toMatch(/trocla_connections 2/);
	process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
	expectTold(await slow, "it ended the connection before it had answered");
	await expect.poll(starts).toBe(2);
	await expect.poll(async () => (await get(client)).stdout, { timeout: 20_000 }).toBe(stdout);
	expect(await client.run(["get", "slow", "sha512crypt", "--no-create"])).toMatchObject({ code: 1 });
	expect(await there.run(["doctor"])).toMatchObject({ code: 0 });
});

test("a batch whose daemon is killed has printed what is stored, and says of the rest what happened", async () => {
	const there = new Sandbox();
	const { socket, pidFile } = await serve(there);
	const client = clientOf(`unix:${socket}`);
	const child = client.start(["create", "--batch"]);
	const ended = once(child, "close");
	child.stdin?.on("error", () => {});
	child.stdin?.end(Array.from({ length: 20_000 }, (_, index) => `key${index} plain\n`).join(""));
	let stdout = "";
	child.stdout?.on("data", (chunk: Buffer) => {
		if (stdout === "") process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
		stdout += chunk;
	});
	child.stderr?.resume();
	const [code] = await ended;
	expect(code).toBe(1);
	const lines = stdout
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	expect(lines).toHaveLength(20_000);
	const failed = lines.filter(({ error }) => error !== undefined);
	expect(failed.length).toBeGreaterThan(0);
	expect(failed.every(({ error }) => error.code === "server")).toBe(true);
	const printed = lines.filter(({ value }) => value !== undefined);
	expect(printed.length).toBeGreaterThan(0);
	const stored = await there.run(
		["get", "--batch", "--no-create"],
		printed.map(({ key }) => `${key} plain\n`).join(""),
	);
	expect(
		stored.stdout
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line)),
	).toEqual(printed);
}, 60_000);

/** A daemon on HTTPS with a token, and the CA of its certificate. */
async function httpsDaemon(limits: object = {}) {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory, new Date("2020-01-01T00:00:00Z"));
	const { token, hash } = newToken();
	const rules = [
		{ who: [{ token: "ci" }], may: ["get", "create", "delete", "search", "formats"], keys: ["**"] },
		{ who: [{ certificate: "*.example.com" }], may: ["get", "create"], keys: ["hosts/%{certname}/*", "alice"] },
	];
	const daemon = await TestDaemon.start({ https: await ca.https(), tokens: { ci: { hash } }, rules, limits });
	const server = `https://localhost:${daemon.daemon.port}`;
	return { daemon, ca, token, server, caFile: await ca.caFile() };
}

test("HTTPS with a token: from a file, a variable, or a credential of systemd's", async () => {
	const { token, server, caFile } = await httpsDaemon();
	const client = clientOf(server);
	writeFileSync(client.path("token"), `${token}\n`, { mode: 0o600 });
	client.env.CI_TOKEN = token;
	client.env.CREDENTIALS_DIRECTORY = client.directory;
	const values = new Set<string>();
	for (const source of [{ token_file: "token" }, { token_env: "CI_TOKEN" }, { token_credential: "token" }]) {
		client.configure({ server, server_options: { ca: caFile, ...source } });
		const outcome = await get(client);
		expect(outcome).toMatchObject({ code: 0, stderr: "" });
		values.add(outcome.stdout);
	}
	expect(values.size).toBe(1);
	expect(await client.run(["delete", "alice", "plain"])).toMatchObject({ code: 0, stdout: [...values][0] });
	expectTold(await client.run(["reset", "alice", "plain"]), 'token ci is not allowed to reset "alice"');
	const doctor = await client.run(["doctor"]);
	expect(doctor).toMatchObject({ code: 0 });
	expect(doctor.stdout).toContain("to it this is token ci, who may get, create, delete, search, formats\n");
	chmodSync(client.path("token"), 0o604);
	client.configure({ server, server_options: { ca: caFile, token_file: "token" } });
	const shown = await get(client);
	expectTold(shown, `Run: chmod 600 ${client.path("token")}`);
	writeFileSync(client.path("token"), `not a token\n${token}`);
	chmodSync(client.path("token"), 0o600);
	const faulty = await get(client);
	expectTold(faulty, "the token for the daemon is not one");
	expect(shown.stderr + faulty.stderr).not.toContain(token);
	writeFileSync(client.path("token"), newToken().token);
	expectTold(await get(client), "does not know this client: the token is not known");
});

test("HTTPS with a client's certificate; one that has expired is told", async () => {
	const { ca, server } = await httpsDaemon();
	const web = await ca.clientFiles("web1.example.com");
	const client = clientOf(server, web);
	expect(await client.run(["get", "hosts/web1.example.com/root", "plain"])).toMatchObject({ code: 0, stderr: "" });
	expectTold(await client.run(["get", "hosts/web2.example.com/root", "plain"]), "certificate web1.example.com is not");
	chmodSync(web.key, 0o644);
	expectTold(await get(client), `Run: chmod 600 ${web.key}`);
	chmodSync(web.key, 0o600);
	const other = await ca.clientFiles("web2.example.com");
	expectTold(await get(clientOf(server, { ...web, key: other.key })), "OpenSSL does not take these files");
	ca.setClock(new Date("2020-02-02T00:00:00Z"));
	const expired = await ca.clientFiles("old.example.com");
	expectTold(await get(clientOf(server, expired)), "the client's certificate is not valid: CERT_HAS_EXPIRED");
});

test("a client's certificate that was revoked is told", async () => {
	const files = new TestDaemon();
	const openssl = new OpenSsl();
	cleanUp(() => openssl.remove());
	const request = "req -newkey rsa:2048 -nodes -sha256";
	await openssl.run(`${request} -x509 -keyout ca.key -out ca.pem -subj /CN=CA -days 9`.split(" "));
	for (const [name, subject] of Object.entries({ server: "/CN=localhost", web: "/CN=web.example.com" })) {
		openssl.file(`${name}.ext`, "subjectAltName=DNS:localhost\n");
		await openssl.run(`${request} -keyout ${name}.key -out ${name}.csr -subj ${subject}`.split(" "));
		const sign = `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -extfile ${name}.ext -out ${name}.pem`;
		await openssl.run(sign.split(" "));
	}
	openssl.file(
		"ca.cnf",
		"[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\ndefault_crl_days=9\n",
	);
	openssl.file("index.txt", "");
	await openssl.run("ca -config ca.cnf -revoke web.pem".split(" "));
	await openssl.run("ca -config ca.cnf -gencrl -out crl.pem".split(" "));
	const at = (name: string) => `${openssl.directory}/${name}`;
	for (const name of ["ca.key", "server.key", "web.key"]) chmodSync(at(name), 0o600);
	const https = {
		listen: "127.0.0.1:0",
		...{ certificate: at("server.pem"), key: at("server.key"), ca: at("ca.pem"), crl: at("crl.pem") },
	};
	const daemon = await TestDaemon.start({ https });
	expect(files.socket).not.toBe(daemon.socket);
	const client = clientOf(`https://localhost:${daemon.daemon.port}`, {
		...{ certificate: at("web.pem"), key: at("web.key"), ca: at("ca.pem") },
	});
	expectTold(await get(client), "the client's certificate is not valid: CERT_REVOKED");
});

test("a daemon that is not who it should be is not told the token", async () => {
	const { token, server, caFile, daemon } = await httpsDaemon();
	const port = server.replace(/.*:/, "");
	const ask = async (place: string, options: object) => {
		const client = clientOf(place, options);
		client.env.CI_TOKEN = token;
		// Nobody may switch it off by accident.
		client.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
		const { stderr, ...outcome } = await get(client);
		return { ...outcome, stderr: stderr.replace(/^\(node:.*\n.*\n/m, "") };
	};
	const before = daemon.sandbox.lines.length;
	expectTold(await ask(server, { token_env: "CI_TOKEN" }), "its certificate is of a CA that is not known here");
	const other = new TestDaemon();
	const foreign = await (await TestCa.make(other.sandbox.directory)).caFile();
	expectTold(await ask(server, { token_env: "CI_TOKEN", ca: foreign }), /its certificate is of (another|a) CA/);
	const named = { token_env: "CI_TOKEN", ca: caFile };
	expectTold(await ask(`https://127.0.0.1:${port}`, named), "its certificate is for other names");
	expect(daemon.sandbox.lines.length).toBe(before);
	const plain = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
	cleanUp(() => plain.close());
	await once(plain, "listening");
	const { port: plainPort } = plain.address() as { port: number };
	expectTold(await ask(`https://localhost:${plainPort}`, named), /speaks no TLS|TLS failed|ended the connection/);
	plain.close();
	expectTold(await ask("https://no-such-host.invalid", named), /https:\/\/no-such-host\.invalid:8443 can't be asked/);
	expectTold(await ask("https://localhost:1", named), "nobody listens there");
});

test("a client that asks too often waits as long as it is told, and no longer than it may", async () => {
	const { token, server, caFile } = await httpsDaemon({ per_second: 1 });
	const client = clientOf(server, { token_env: "CI_TOKEN", ca: caFile });
	client.env.CI_TOKEN = token;
	// Five may come at once, and after them one a second.
	const outcomes = await Promise.all(Array.from({ length: 7 }, () => get(client)));
	expect(outcomes.filter(({ code }) => code !== 0)).toEqual([]);
	client.configure({ server, server_options: { token_env: "CI_TOKEN", ca: caFile, seconds: 1 } });
	const hasty = await Promise.all(Array.from({ length: 7 }, () => get(client)));
	const refused = hasty.find(({ code }) => code === 1) ?? expect.fail();
	expectTold(refused, "did not do it: too many requests");
});

test.each([
	["a full device", "trocla delete alice plain > /dev/full"],
	["a pipe that nobody reads", "set -o pipefail; { sleep 0.3; trocla delete alice plain; } | true"],
	["a closed standard output", "trocla delete alice plain >&-"],
	["a full device, for the whole key", "trocla delete alice > /dev/full"],
])("a password that can't be printed to %s is not handed out by a daemon, and stays", async (_, line) => {
	const daemon = await TestDaemon.start();
	const client = clientOf(`unix:${daemon.socket}`);
	const { stdout: password } = await get(client);
	const failed = await client.shell(line);
	expect(failed.code).toBe(1);
	expect(failed.stderr).toMatch(/^trocla: "alice" could not be handed out: .+\n {2}Nothing was removed: mend that/);
	expect(failed.stdout + failed.stderr).not.toContain(password.trim());
	expect(await client.run(["delete", "alice", "plain"])).toMatchObject({ code: 0, stdout: password });
});

test("of 8 processes that hand a password out at once through a daemon, exactly one prints it", async () => {
	const daemon = await TestDaemon.start();
	const client = clientOf(`unix:${daemon.socket}`);
	const { stdout: password } = await get(client);
	const outcomes = await Promise.all(Array.from({ length: 8 }, () => client.run(["delete", "alice", "plain"])));
	expect(outcomes.filter(({ stdout }) => stdout === password)).toHaveLength(1);
	expect(outcomes.filter(({ code, stdout }) => code === 1 && stdout === "")).toHaveLength(7);
});

test("64 processes that ask a daemon for one new key print one value", async () => {
	const daemon = await TestDaemon.start();
	const client = clientOf(`unix:${daemon.socket}`, { seconds: 60 });
	const outcomes = await Promise.all(Array.from({ length: 64 }, () => get(client)));
	expect(outcomes.filter(({ code, stderr }) => code !== 0 || stderr !== "")).toEqual([]);
	expect(new Set(outcomes.map(({ stdout }) => stdout)).size).toBe(1);
}, 60_000);

test("a client that dies while it hands out leaves the password, and the next one hears that", async () => {
	const daemon = await TestDaemon.start();
	const client = clientOf(`unix:${daemon.socket}`);
	const password = "p".repeat(300_000);
	await client.run(["set", "alice", "plain"], password);
	// Nobody reads the pipe, so the process hangs in mid-write.
	const child = spawn(process.execPath, [TROCLA, "delete", "alice", "plain"], {
		env: client.env,
		cwd: client.directory,
	});
	const show = async () => (await client.run(["show", "alice", "--json"])).stdout;
	await expect.poll(show, { timeout: 20_000 }).toContain('"claim"');
	expectTold(await client.run(["delete", "alice", "plain"]), "is being handed out by process");
	child.kill("SIGKILL");
	await once(child, "close");
	const refused = async () => (await client.run(["delete", "alice", "plain"])).stderr;
	await expect
		.poll(refused, { timeout: 20_000 })
		.toMatch(/never heard whether it arrived: someone may have seen it\n.*--force/);
	expect((await client.run(["delete", "alice", "plain", "--force"])).stdout).toBe(`${password}\n`);
});

test("a daemon that ends while a client hands out leaves what it handed out, and both say so", async () => {
	const there = new Sandbox();
	const { socket, pidFile } = await serve(there);
	const client = clientOf(`unix:${socket}`);
	await client.run(["set", "alice", "plain"], "p".repeat(300_000));
	const child = spawn(process.execPath, [TROCLA, "delete", "alice", "plain"], {
		env: client.env,
		cwd: client.directory,
	});
	const show = async () => (await client.run(["show", "alice", "--json"])).stdout;
	await expect.poll(show, { timeout: 20_000 }).toContain('"claim"');
	process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
	await expect.poll(async () => (await there.run(["show", "alice"])).code).toBe(0);
	let stderr = "";
	child.stderr.on("data", (chunk: Buffer) => {
		stderr += chunk;
	});
	child.stdout.resume();
	const [code] = await once(child, "close");
	expect(code).toBe(1);
	expect(stderr).toMatch(
		/^trocla: "alice" was handed out, .+\n {2}Where it is still stored, remove it with: trocla delete --force alice plain\n/,
	);
	const deleted = await there.run(["delete", "alice", "plain", "--force"]);
	expect(deleted).toMatchObject({ code: 0, stdout: `${"p".repeat(300_000)}\n` });
});
