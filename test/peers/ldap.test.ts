import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { using } from "../support/formats.js";
import { awkward } from "../support/passwords.js";
import { missing, pathOf } from "../support/peers.js";
import { run } from "../support/sandbox.js";
import { freePort, serverDirectory, startServer } from "../support/server.js";

const schemes = [
	["sha1", "{SHA}"],
	["ssha", "{SSHA}"],
] as const;

describe.skipIf(missing("slappasswd"))("slappasswd (needs slapd)", () => {
	let directory: ReturnType<typeof serverDirectory> | undefined;
	afterEach(() => directory?.remove());

	describe.each(schemes)("%s", (name, scheme) => {
		it.each(Object.entries(awkward))(
			"trocla verifies its hash of %s, and refuses another password",
			async (_, password) => {
				directory = serverDirectory();
				const file = join(directory.path, "password");
				writeFileSync(file, password);
				const { stdout: hash } = await run(pathOf("slappasswd"), ["-n", "-h", scheme, "-T", file]);
				expect(hash.startsWith(scheme)).toBe(true);
				expect(await using(name).verify(password, hash)).toBe(true);
				expect(await using(name).verify(`${password}.`, hash)).toBe(false);
			},
		);
	});
});

describe.skipIf(missing("slapd", "ldapwhoami"))("slapd (needs slapd and ldap-utils)", () => {
	describe.each(schemes)("%s", (name) => {
		it.each(Object.entries(awkward))("lets in who has %s, and not with another password", async (_, password) => {
			const directory = serverDirectory();
			const configuration = join(directory.path, "slapd.conf");
			writeFileSync(
				configuration,
				`database ldif
directory ${directory.path}
suffix cn=test
rootdn cn=alice,cn=test
rootpw ${await using(name).derive(password)}
`,
			);
			const url = `ldap://127.0.0.1:${await freePort()}`;
			const args = ["-f", configuration, "-h", url, "-d", "conns"];
			// It says that it is starting before it listens; this is from the loop that accepts.
			const ready = /daemon: \w+: listen=/;
			try {
				const server = await startServer(pathOf("slapd"), args, ready, { cwd: directory.path });
				const bind = (secret: string) =>
					run(pathOf("ldapwhoami"), ["-x", "-H", url, "-D", "cn=alice,cn=test", "-w", secret]);
				try {
					expect(await bind(password)).toMatchObject({ code: 0, stdout: "dn:cn=alice,cn=test\n" });
					expect(await bind(`${password}.`)).toMatchObject({ code: 49 });
				} finally {
					await server.stop();
				}
			} finally {
				directory.remove();
			}
		});
	});
});
