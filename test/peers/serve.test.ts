import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadLibc } from "../../src/server/libc.js";
import { ServiceManager } from "../../src/server/service-manager.js";
import { noMountNamespaces, withAccounts } from "../support/name-service.js";
import { OpenSsl } from "../support/openssl.js";
import { missing, pathOf } from "../support/peers.js";
import { cleanUp, run, Sandbox, TROCLA } from "../support/sandbox.js";
import { freePort } from "../support/server.js";

const CA_CONFIG = `
[ca]
default_ca = d
[d]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 10
default_crl_days = 10
copy_extensions = copy
policy = p
[p]
commonName = supplied
`;

/** A CA that openssl(1) has, in the places of Puppet's ssl directory, and the daemon that knows it. */
class Site {
	readonly openssl = new OpenSsl();
	readonly sandbox = new Sandbox();
	port = 0;
	log = "";

	static async start(): Promise<Site> {
		const site = new Site();
		cleanUp(() => site.openssl.remove());
		const { openssl } = site;
		openssl.file("ca.cnf", CA_CONFIG);
		openssl.file("index.txt", "");
		openssl.file("serial", "01\n");
		const ca = "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=Puppet_CA -days 10 -sha256";
		const isCa = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"];
		await openssl.output([...ca.split(" "), ...isCa]);
		// With an RSA certificate, so that key transport by RSA would be possible.
		for (const name of ["localhost", "web1.example.com", "web2.example.com"]) await site.certify(name);
		await site.list();
		site.port = await freePort();
		site.sandbox.configure({
			store_options: { path: site.sandbox.store },
			serve: {
				socket: { path: site.sandbox.path("t.sock") },
				https: {
					listen: `127.0.0.1:${site.port}`,
					certificate: join(openssl.directory, "localhost.pem"),
					key: join(openssl.directory, "localhost.key"),
					ca: join(openssl.directory, "ca.pem"),
					crl: join(openssl.directory, "crl.pem"),
				},
				rules: [{ who: { certificate: "*.example.com" }, may: ["create"], keys: ["hosts/%{certname}/*"] }],
			},
		});
		const child = site.sandbox.start(["serve"]);
		child.stderr?.on("data", (chunk: Buffer) => {
			site.log += chunk;
		});
		cleanUp(async () => {
			const ended = once(child, "exit");
			child.kill("SIGTERM");
			await ended;
		});
		site.reload = () => child.kill("SIGHUP");
		await expect.poll(() => site.log, { timeout: 20_000 }).toContain('"https"');
		return site;
	}

	reload = () => true;

	async certify(name: string): Promise<void> {
		const request = `req -newkey rsa:2048 -nodes -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`;
		await this.openssl.output([...request.split(" "), "-addext", `subjectAltName=DNS:${name}`]);
		await this.openssl.output(`ca -config ca.cnf -batch -notext -in ${name}.csr -out ${name}.pem`.split(" "));
		await run("chmod", ["600", join(this.openssl.directory, `${name}.key`)]);
	}

	/** Writes the list of what is revoked. */
	list(): Promise<string> {
		return this.openssl.output("ca -config ca.cnf -gencrl -out crl.pem".split(" "));
	}

	async revoke(name: string): Promise<void> {
		await this.openssl.output(`ca -config ca.cnf -revoke ${name}.pem`.split(" "));
		await this.list();
	}

	/** How Node connects with the certificate of this name. */
	identity(name: string) {
		const read = (file: string) => readFileSync(join(this.openssl.directory, file));
		return { ca: read("ca.pem"), cert: read(`${name}.pem`), key: read(`${name}.key`) };
	}

	/** What s_client says of a connection. */
	async connect(...args: string[]): Promise<string> {
		const { stdout, stderr } = await this.openssl.run(["s_client", "-connect", `127.0.0.1:${this.port}`, ...args]);
		return stdout + stderr;
	}

	async curl(name: string | undefined, path: string, ...args: string[]) {
		const at = (file: string) => join(this.openssl.directory, file);
		const identity = name === undefined ? [] : ["--cert", at(`${name}.pem`), "--key", at(`${name}.key`)];
		const url = `https://localhost:${this.port}${path}`;
		const common = ["-sS", "--cacert", at("ca.pem"), "--resolve", `localhost:${this.port}:127.0.0.1`];
		const { stdout } = await run(pathOf("curl"), [...common, ...identity, ...args, url]);
		return JSON.parse(stdout);
	}
}

const ROOT = (name: string) => `/v1/key/hosts%2F${name}%2Froot/sha512crypt`;

const REVOKED = {
	error: { code: "unauthenticated", message: "the client's certificate is not valid: CERT_REVOKED" },
};

describe.skipIf(missing("openssl", "curl"))("HTTPS", () => {
	test("has TLS 1.2 and 1.3, and no suite without forward secrecy", async () => {
		const site = await Site.start();
		const refused = [
			["-tls1_2", "-cipher", "kRSA"],
			["-tls1_2", "-cipher", "kDHE"],
			["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"],
			["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"],
		];
		for (const args of refused) expect(await site.connect(...args), args.join(" ")).toContain("Cipher is (NONE)");
		expect(await site.connect("-tls1_2", "-cipher", "ECDHE")).toMatch(/TLSv1.2, Cipher is ECDHE-RSA-/);
		expect(await site.connect("-tls1_3")).toMatch(/TLSv1.3, Cipher is TLS_/);
	});

	test("resumes no session, which would not look at the list of revoked certificates", async () => {
		const site = await Site.start();
		for (const version of ["-tls1_2", "-tls1_3"]) {
			expect(await site.connect(version, "-reconnect"), version).not.toContain("Reused");
		}
	});

	test("knows hosts by the certificates of its CA, and a revoked one no more", async () => {
		const site = await Site.start();
		const own = await site.curl("web1.example.com", ROOT("web1.example.com"), "-X", "POST", "-d", '{"rounds": 1000}');
		expect(own).toMatchObject({
			format: "sha512crypt",
			value: expect.stringMatching(/^\$6\$rounds=1000\$/),
			success: true,
		});
		expect(await site.curl("web2.example.com", ROOT("web1.example.com"), "-X", "POST")).toMatchObject({
			error: { code: "forbidden" },
		});
		expect(await site.curl(undefined, ROOT("web1.example.com"), "-X", "POST")).toMatchObject({
			error: { code: "forbidden" },
		});
		await site.revoke("web2.example.com");
		site.reload();
		await expect.poll(() => site.log).toContain('"reloaded"');
		expect(await site.curl("web2.example.com", ROOT("web2.example.com"), "-X", "POST")).toMatchObject(REVOKED);
		expect(await site.curl("web1.example.com", ROOT("web1.example.com"), "-X", "POST")).toEqual(own);
	});

	test("obeys a new list of revoked certificates by itself, also on connections that are open, and keeps the one before where the new one is broken", async () => {
		const site = await Site.start();
		const agent = new Agent({ keepAlive: true, maxSockets: 1, ...site.identity("web2.example.com") });
		cleanUp(() => agent.destroy());
		const ask = async () => {
			const where = { agent, host: "127.0.0.1", servername: "localhost", port: site.port };
			const sent = request({ ...where, method: "POST", path: ROOT("web2.example.com") });
			sent.end('{"rounds": 1000}');
			const [response] = await once(sent, "response");
			return JSON.parse(Buffer.concat(await response.toArray()).toString());
		};
		expect(await ask()).toMatchObject({ success: true });
		const [open] = Object.values(agent.freeSockets).flat();
		const ended = once(open ?? expect.fail("no connection is open"), "close");
		site.openssl.file("crl.pem", "-----BEGIN X509 CRL-----\nnone\n-----END X509 CRL-----\n");
		await expect
			.poll(() => site.log, { timeout: 10_000 })
			.toMatch(/"event":"certificates","message":"serve.https: OpenSSL/);
		expect(await ask()).toMatchObject({ success: true });
		await site.revoke("web2.example.com");
		await ended;
		expect(await ask()).toMatchObject(REVOKED);
		expect(site.log.match(/serve.https: OpenSSL does not take these files/g)).toHaveLength(1);
	}, 30_000);

	test("shows a renewed certificate by itself", async () => {
		const site = await Site.start();
		const serial = async () =>
			/^serial.*$/m.exec((await site.openssl.run(["x509", "-noout", "-serial"], await site.connect())).stdout)?.[0];
		const before = await serial();
		expect(before).toMatch(/^serial=\w+$/);
		// One file after the other, and the certificate for a while with another key.
		site.openssl.file("index.txt", "");
		await site.certify("localhost");
		await expect.poll(serial, { timeout: 10_000 }).not.toBe(before);
		expect(await site.curl("web1.example.com", "/healthz")).toMatchObject({ success: true });
	}, 30_000);

	test("does not take a certificate of another CA for one of its own", async () => {
		const site = await Site.start();
		const request =
			"req -x509 -newkey rsa:2048 -nodes -keyout evil.key -out evil.pem -subj /CN=web1.example.com -days 10";
		await site.openssl.output(request.split(" "));
		expect(await site.curl("evil", ROOT("web1.example.com"), "-X", "POST")).toMatchObject({
			success: false,
			error: { code: "unauthenticated" },
		});
	});
});

describe.skipIf(missing("systemd-analyze"))("the units", () => {
	const units = join(import.meta.dirname, "../../systemd");

	test("are what systemd takes, and the service is hardened", async () => {
		const sandbox = new Sandbox();
		const directory = sandbox.path("units");
		mkdirSync(directory);
		for (const name of ["trocla.service", "trocla.socket"]) copyFileSync(join(units, name), join(directory, name));
		const service = join(directory, "trocla.service");
		// It is looked whether the program is there.
		writeFileSync(service, readFileSync(service, "utf8").replace("/usr/bin/trocla", "/bin/true"));
		const verified = await run(pathOf("systemd-analyze"), ["verify", service, join(directory, "trocla.socket")]);
		expect(verified).toEqual({ code: 0, stdout: "", stderr: "" });
		const rating = await run(pathOf("systemd-analyze"), ["security", "--offline=true", "--threshold=30", service]);
		expect(rating.stdout).toMatch(/Overall exposure level/);
		expect(rating.code).toBe(0);
	});

	test("name a command and flags that there are, and a socket where the daemon looks for it", async () => {
		const service = readFileSync(join(units, "trocla.service"), "utf8");
		expect(service).toMatch(/^ExecStart=\/usr\/bin\/trocla serve$/m);
		const socket = readFileSync(join(units, "trocla.socket"), "utf8");
		expect(socket).toMatch(/^ListenStream=\/run\/trocla\/trocla.sock$/m);
	});
});

test.skipIf(missing("socat"))("systemd's notification is a datagram that another program hears", async () => {
	const sandbox = new Sandbox();
	const path = sandbox.path("notify");
	const listener = spawn(pathOf("socat"), ["-u", `UNIX-RECV:${path}`, "STDOUT"]);
	cleanUp(() => listener.kill("SIGKILL"));
	let heard = "";
	listener.stdout.on("data", (chunk: Buffer) => {
		heard += chunk;
	});
	sandbox.configure({ store_options: { path: sandbox.store }, serve: { socket: { path: sandbox.path("t.sock") } } });
	await expect.poll(async () => (await run("test", ["-S", path])).code).toBe(0);
	sandbox.env.NOTIFY_SOCKET = path;
	const daemon = sandbox.start(["serve"]);
	await expect.poll(() => heard, { timeout: 20_000 }).toContain(`READY=1\nMAINPID=${daemon.pid}`);
	const ended = once(daemon, "exit");
	daemon.kill("SIGTERM");
	await ended;
	await expect.poll(() => heard).toContain("STOPPING=1");
});

test.skipIf(missing("systemd-socket-activate", "curl"))(
	"a socket that systemd listens on is taken over, and stays when the daemon ends",
	async () => {
		const sandbox = new Sandbox();
		const own = sandbox.path("own.sock");
		const inherited = sandbox.path("inherited.sock");
		sandbox.configure({ store_options: { path: sandbox.store }, serve: { socket: { path: own } } });
		const program = [process.execPath, TROCLA, "serve"];
		// It starts the program when somebody connects, and becomes it.
		const environment = Object.entries(sandbox.env).map(([name, value]) => `--setenv=${name}=${value}`);
		const args = [`--listen=${inherited}`, "--fdname=trocla.socket", ...environment, ...program];
		const daemon = spawn(pathOf("systemd-socket-activate"), args, { env: sandbox.env });
		cleanUp(() => daemon.kill("SIGKILL"));
		const ended = once(daemon, "exit");
		await expect.poll(async () => (await run("test", ["-S", inherited])).code).toBe(0);
		const url = "http://trocla/v1/key/alice/plain";
		const { stdout } = await run(pathOf("curl"), ["-s", "--unix-socket", inherited, "-X", "POST", url]);
		expect(JSON.parse(stdout)).toMatchObject({ format: "plain", success: true });
		expect((await run("test", ["-e", own])).code).toBe(1);
		daemon.kill("SIGTERM");
		expect((await ended)[0]).toBe(0);
		expect((await run("test", ["-S", inherited])).code).toBe(0);
	},
);

/** Python's socket hears datagrams, and prints each with the pid that sent it. */
const LISTENER = `
import os, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind(sys.argv[1].replace("@", "\\0", 1))
print("bound", flush=True)
while True:
    text, ancillary, _, _ = s.recvmsg(4096, 64)
    pid, uid, gid = struct.unpack("3i", ancillary[0][2])
    print(repr((text.decode(), pid)), flush=True)
`;

async function listener(path: string): Promise<string[]> {
	const child = spawn(pathOf("python3"), ["-c", LISTENER, path]);
	cleanUp(() => child.kill("SIGKILL"));
	const heard: string[] = [];
	child.stdout.on("data", (chunk: Buffer) => heard.push(...chunk.toString().split("\n").filter(Boolean)));
	await once(child.stdout, "data");
	return heard;
}

test.skipIf(missing("python3")).each(["a path", "an abstract name"])(
	"systemd is told through a socket that has %s, and by this very process",
	async (what) => {
		const path = what === "a path" ? new Sandbox().path("notify") : `@trocla-test-${process.pid}`;
		const heard = await listener(path);
		const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "40000" };
		const manager = new ServiceManager(await loadLibc(), env);
		expect(env).toEqual({});
		manager.ready();
		await expect.poll(() => heard.filter((line) => line.includes("WATCHDOG=1")).length).toBeGreaterThan(2);
		manager.reloading();
		manager.stopping();
		await expect.poll(() => heard).toContain(`('STOPPING=1', ${process.pid})`);
		expect(heard[1]).toBe(`('READY=1\\nMAINPID=${process.pid}', ${process.pid})`);
		expect(heard.some((line) => /RELOADING=1\\nMONOTONIC_USEC=\d+/.test(line))).toBe(true);
	},
);

test.skipIf(missing("unshare", "getent", "libnss_extrausers.so.2") || noMountNamespaces())(
	"the socket's group may be one that the system's name service alone knows",
	async () => {
		const sandbox = new Sandbox();
		const path = sandbox.path("t.sock");
		const socket = { path, mode: "0660", group: "trocla@ldap.example" };
		sandbox.configure({ store_options: { path: sandbox.store }, serve: { socket } });
		const files = { passwd: "", shadow: "", gshadow: "", group: "trocla@ldap.example:x:47110:\n" };
		const script = `
			export HOME='${sandbox.path("home")}' TROCLA_CONFIG='${sandbox.path("troclarc.yaml")}'
			'${process.execPath}' '${TROCLA}' serve &
			while kill -0 $! && ! [ -S '${path}' ]; do sleep 0.05; done
			stat -c '%g %a' '${path}'
			kill $! && wait $!`;
		expect(await withAccounts(files, script)).toMatchObject({ code: 0, stdout: "47110 660\n" });
	},
);
