import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sshkey } from "../../formats/sshkey.js";
import type { AccountFiles } from "../../src/accounts/account-files.js";
import { FILES, parseManifest } from "../../src/publish/manifest.js";
import { noMountNamespaces, withAccounts } from "../support/name-service.js";
import { making } from "../support/pairs.js";
import { missing, pathOf } from "../support/peers.js";
import { HIERA, HOSTS, PublishSite } from "../support/publish-site.js";
import { type Outcome, run } from "../support/sandbox.js";
import { Sshd } from "../support/sshd.js";

/** Runs a command that must succeed, and gives what it prints. */
async function printed(outcome: Promise<Outcome>): Promise<string> {
	const { code, stdout, stderr } = await outcome;
	expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
	return stdout;
}

/** Puts a host's set together in a directory, out of nothing but the tree, and gives the directory. */
function assembled(site: PublishSite, host: string): string {
	const directory = site.path(`received-${host}`);
	site.remove(`received-${host}`);
	cpSync(join(site.tree, "hosts", host), directory, { recursive: true });
	const digests = parseManifest(readFileSync(join(directory, "HashDigest"), "utf8"));
	for (const file of FILES) cpSync(join(site.tree, "objects", digests[file]), join(directory, file));
	return directory;
}

/** Alters a byte in the middle of a file. */
function alter(path: string): void {
	const content = readFileSync(path);
	const at = Math.floor(content.length / 2);
	content.writeUInt8(content.readUInt8(at) ^ 1, at);
	writeFileSync(path, content);
}

describe.skipIf(missing("gpgv"))("a host that receives its set (needs gpgv)", () => {
	const gpgv = (site: PublishSite, directory: string) => {
		const files = [join(directory, "HashDigest.signed"), join(directory, "HashDigest")];
		return run(pathOf("gpgv"), ["--status-fd", "1", "--keyring", join(site.tree, "signing-key.gpg"), ...files]);
	};
	const sha256sum = (directory: string) => run("sha256sum", ["--strict", "-c", "HashDigest"], { cwd: directory });

	it("verifies its signature with gpgv, and all its files with sha256sum, after each run", async () => {
		const site = new PublishSite();
		const { fingerprint } = JSON.parse(await printed(site.publish("--init", "--json"))) as { fingerprint: string };
		for (const flags of [[], ["--host", "web.local"], []]) {
			await printed(site.publish(...flags));
			for (const host of HOSTS) {
				const directory = assembled(site, host);
				const { code, stdout } = await gpgv(site, directory);
				expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(`VALIDSIG ${fingerprint} `) });
				const lines = ["Host", "TimeStamp", ...FILES].map((file) => `${file}: OK\n`);
				expect(await sha256sum(directory)).toEqual({ code: 0, stdout: lines.join(""), stderr: "" });
				expect(readFileSync(join(directory, "Host"), "utf8")).toBe(`${host}\n`);
			}
		}
	});

	it("finds what was altered, or belongs to another host or time", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const old = {
			manifest: site.own("web.local", "HashDigest"),
			signature: site.own("web.local", "HashDigest.signed"),
		};
		await site.publishHere();
		for (const name of ["Host", "TimeStamp", "authorized_keys", "group", "gshadow", "passwd", "shadow"]) {
			const directory = assembled(site, "web.local");
			alter(join(directory, name));
			const { code, stdout } = await sha256sum(directory);
			expect({ code, failed: stdout.match(/^.*FAILED$/gm) }).toEqual({ code: 1, failed: [`${name}: FAILED`] });
		}
		for (const name of ["HashDigest", "HashDigest.signed"]) {
			const directory = assembled(site, "web.local");
			alter(join(directory, name));
			expect(await gpgv(site, directory)).not.toMatchObject({ code: 0 });
		}
		const foreign = [
			readFileSync(join(site.tree, "hosts/ibox-one.local/HashDigest.signed")),
			Buffer.from(old.signature, "latin1"),
		];
		for (const signature of foreign) {
			const directory = assembled(site, "web.local");
			writeFileSync(join(directory, "HashDigest.signed"), signature);
			expect(await gpgv(site, directory)).toMatchObject({ code: 1, stdout: expect.stringContaining("BADSIG") });
		}
		const directory = assembled(site, "web.local");
		writeFileSync(join(directory, "HashDigest"), old.manifest);
		writeFileSync(join(directory, "HashDigest.signed"), Buffer.from(old.signature, "latin1"));
		expect(await gpgv(site, directory)).toMatchObject({ code: 0 });
		expect(await sha256sum(directory)).toMatchObject({ code: 1, stdout: expect.stringContaining("TimeStamp: FAILED") });
	});

	it("does not take the signature of another site", async () => {
		const [site, other] = [await PublishSite.ready(), await PublishSite.ready()];
		await Promise.all([site.publishHere(), other.publishHere()]);
		expect(await gpgv(site, assembled(other, "web.local"))).toMatchObject({
			code: 2,
			stdout: expect.stringContaining("NO_PUBKEY"),
		});
	});
});

describe.skipIf(missing("gpg"))("gpg (needs gpg)", () => {
	it("shows the exported key, binary and armored, with the fingerprint that --init tells", async () => {
		const site = new PublishSite();
		const { fingerprint, files } = JSON.parse(await printed(site.publish("--init", "--json"))) as {
			fingerprint: string;
			files: string[];
		};
		mkdirSync(site.path("gnupg"), { mode: 0o700 });
		const env = { ...site.env, GNUPGHOME: site.path("gnupg") };
		for (const file of files) {
			const shown = await printed(run(pathOf("gpg"), ["--batch", "--with-colons", "--show-keys", file], { env }));
			expect(shown).toContain(`fpr:::::::::${fingerprint}:`);
			expect(shown).not.toMatch(/^(sec|ssb):/m);
		}
	});
});

const PROGRAMS = ["pwck", "grpck", "unshare", "setpriv", "su", "getent", "libnss_extrausers.so.2"] as const;

describe.skipIf(missing(...PROGRAMS) || noMountNamespaces())(
	"a host that is given what was published (needs passwd, util-linux, libnss-extrausers)",
	() => {
		const filesOf = (site: PublishSite, host: string): AccountFiles => {
			const [passwd = "", shadow = "", group = "", gshadow = ""] = (
				["passwd", "shadow", "group", "gshadow"] as const
			).map((file) => site.text(host, file));
			return { passwd, shadow, group, gshadow };
		};

		/** Becomes a user with a password, as somebody who is nobody, and gives the name of who that then is. */
		async function su(site: PublishSite, user: string, password: string): Promise<string> {
			const script = `setpriv --reuid 65534 --regid 65534 --clear-groups su -s /bin/sh ${user} -c 'id -un'`;
			const { stdout } = await withAccounts(
				filesOf(site, "web.local"),
				`cd /; chmod 711 "$FILES"; ${script}`,
				`${password}\n`,
			);
			return stdout.trim();
		}

		it("has nothing to say against it with pwck and grpck, and serves it", async () => {
			const site = await PublishSite.ready();
			await site.publishHere();
			for (const host of HOSTS) {
				const files = filesOf(site, host);
				const check = 'cd "$FILES"; pwck -r passwd shadow; grpck -r group gshadow';
				expect(await withAccounts(files, check)).toEqual({ code: 0, stdout: "", stderr: "" });
				const users = host === "web.local" ? "alice bob dora" : "alice bob";
				const script = `getent passwd ${users}; getent shadow ${users}; getent group people`;
				expect(await printed(withAccounts(files, script))).toBe(files.passwd + files.shadow + files.group);
			}
		});

		it("lets a user in with the password that trocla has, and with none that it had before", async () => {
			const site = await PublishSite.ready();
			await site.publishHere();
			const password = async () => (await printed(site.run(["get", "user_alice", "plain"]))).trim();
			const made = await password();
			expect(await su(site, "alice", made)).toBe("alice");
			expect(await su(site, "bob", (await printed(site.run(["get", "login/bob", "plain"]))).trim())).toBe("bob");

			await printed(site.run(["reset", "user_alice", "plain"]));
			await printed(site.publish());
			const reset = await password();
			expect(reset).not.toBe(made);
			expect(await su(site, "alice", reset)).toBe("alice");
			expect(await su(site, "alice", made)).toBe("");

			await printed(site.run(["set", "user_alice", "plain"], "Ein eigenes Paßwort"));
			await printed(site.publish());
			expect(await su(site, "alice", "Ein eigenes Paßwort")).toBe("alice");
			expect(await su(site, "alice", reset)).toBe("");

			await printed(site.run(["delete", "user_alice", "plain"]));
			await printed(site.publish());
			expect(await su(site, "alice", "Ein eigenes Paßwort")).toBe("alice");
		});

		it("lets nobody in where no hash was to be made", async () => {
			const site = await PublishSite.ready();
			await site.publishHere({ create: false });
			const [empty, star] = await Promise.all([su(site, "alice", ""), su(site, "alice", "*")]);
			expect([empty, star]).toEqual(["", ""]);
		});
	},
);

describe.skipIf(missing("sshd", "ssh"))("sshd (needs openssh-server and openssh-client)", () => {
	it("lets in on each host who has one of root's keys there, and nobody whose key was taken away", async () => {
		const { generate, part } = making(sshkey);
		const pair = async () => {
			const value = await generate();
			return { line: await part("pubonly", value), secret: await part("privonly", value) };
		};
		const [host, everywhere, own, gone] = [await pair(), await pair(), await pair(), await pair()];
		const site = await PublishSite.ready();
		const keys = { all: everywhere.line, gone: gone.line };
		site.write("data/defaults.yaml", { ...site.data, "ibox::root_keys": keys });
		site.write("data/hosts/ibox-two.local.yaml", { "ibox::root_keys": { own: own.line } });
		await site.publishHere();
		const sshd = await Sshd.start({ privateKey: host.secret, publicLine: host.line });
		try {
			const letsIn = async (name: string, { secret }: { readonly secret: string }) => {
				sshd.authorize(...site.text(name, "authorized_keys").trimEnd().split("\n"));
				return (await sshd.login(secret)).stdout === "in\n";
			};
			expect(await letsIn("ibox-two.local", own)).toBe(true);
			expect(await letsIn("ibox-one.local", own)).toBe(false);
			expect(await letsIn("ibox-one.local", everywhere)).toBe(true);
			expect(await letsIn("ibox-one.local", gone)).toBe(true);
			site.write("data/defaults.yaml", { ...site.data, "ibox::root_keys": { ...keys, gone: { ensure: "absent" } } });
			await site.publishHere();
			expect(await letsIn("ibox-one.local", gone)).toBe(false);
		} finally {
			await sshd.stop();
		}
	});
});

describe.skipIf(missing("eyaml"))("data that eyaml encrypted (needs hiera-eyaml)", () => {
	it("is published decrypted, and anew when it or the private key changes", async () => {
		const site = await PublishSite.ready();
		const eyaml = (args: string[], input = "") => printed(run(pathOf("eyaml"), args, { cwd: site.directory }, input));
		await eyaml(["createkeys"]);
		const encrypted = async (text: string) => (await eyaml(["encrypt", "--stdin", "-o", "string", "-q"], text)).trim();
		const secret = (gecos: string) => ({ "accounts::users": { alice: { gecos } } });
		const options = { pkcs7_private_key: site.path("keys/private_key.pkcs7.pem") };
		const level = { name: "Secrets", lookup_key: "eyaml_lookup_key", path: "roles/%{facts.role}.eyaml", options };
		site.write("hiera.yaml", { ...HIERA, hierarchy: [level, ...HIERA.hierarchy] });
		site.write("data/roles/web.eyaml", secret(await encrypted("First Name")));
		await site.publishHere();
		expect(site.text("web.local", "passwd")).toContain(":First Name:");
		expect(await site.publishHere()).toMatchObject({ changed: [] });

		site.write("data/roles/web.eyaml", secret(await encrypted("Second Name")));
		expect(await site.publishHere()).toMatchObject({ changed: ["web.local"] });
		expect(site.text("web.local", "passwd")).toContain(":Second Name:");

		// With another key the text can't be read any more, which must not go unnoticed.
		const before = site.state();
		site.remove("keys");
		await eyaml(["createkeys"]);
		await expect(site.publishHere()).rejects.toMatchObject({ faults: [{ hosts: ["web.local"] }] });
		expect(site.state()).toEqual(before);
	});
});
