import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { sha512crypt } from "../../formats/sha512crypt.js";
import { yescrypt } from "../../formats/yescrypt.js";
import { type AccountFiles, accountsPrinter } from "../../src/accounts/account-files.js";
import { parseAccounts } from "../../src/accounts/accounts.js";
import { Report } from "../../src/accounts/faults.js";
import { accountName } from "../../src/accounts/names.js";
import { accounts } from "../support/arbitrary-accounts.js";
import { readFields, readList } from "../support/colon-files.js";
import { noMountNamespaces, withAccounts } from "../support/name-service.js";
import { missing } from "../support/peers.js";

const PROGRAMS = ["pwck", "grpck", "unshare", "setpriv", "su", "getent", "libnss_extrausers.so.2"] as const;
const PASSWORD = "-correct Pferd";
const SHELL = "/bin/sh";

const groups = { "people-1": { gid: 2000, admins: ["bob", "alice"] }, ops: { gid: 2001 }, carol: { gid: 3000 } };
const users = {
	alice: {
		uid: 2001,
		gid: "people-1",
		groups: ["ops"],
		gecos: "Alice Ähre,room 1",
		ageing: { changed: "2026-01-02", min: 0, max: 9000, warn: 7, inactive: 30, expire: "2099-01-01" },
	},
	bob: { uid: 2000, gid: 2001, groups: ["people-1"], home: "/home/b", shell: SHELL, ensure: "locked" },
	carol: { uid: 4_000_000_000, password: "*" },
	dave: { uid: 2004, gid: "ops", password: { format: "yescrypt" } },
	expired: { uid: 2005, gid: "ops", ageing: { expire: "1999-12-31" } },
};

function printed(
	data: { users: unknown; groups: unknown },
	hashes: { readonly [format: string]: string } = {},
): AccountFiles {
	const { value, faults } = parseAccounts(data.users, data.groups);
	expect(faults).toEqual([]);
	return accountsPrinter(({ format }) => hashes[format])(value ?? expect.unreachable());
}

describe.skipIf(missing(...PROGRAMS) || noMountNamespaces())(
	"a host (needs passwd, util-linux, libnss-extrausers)",
	() => {
		let files: AccountFiles;
		beforeAll(async () => {
			const keys = { own: "", read: async () => undefined, now: () => new Date() };
			files = printed(
				{ users, groups },
				{
					sha512crypt: await sha512crypt.derive(PASSWORD, { rounds: 5000 }, keys),
					yescrypt: await yescrypt.derive(PASSWORD, { cost: 1 }, keys),
				},
			);
		});

		it("has nothing to say against the files, with pwck and grpck", async () => {
			const script = 'cd "$FILES"; pwck -r passwd shadow; grpck -r group gshadow';
			expect(await withAccounts(files, script)).toEqual({ code: 0, stdout: "", stderr: "" });
		});

		it("serves them with libnss-extrausers", async () => {
			const names = Object.keys(users).join(" ");
			const script = `getent passwd ${names}; echo; getent shadow ${names}; echo; getent group ${Object.keys(groups).join(" ")}`;
			const { stdout, stderr } = await withAccounts(files, script);
			expect(stderr).toBe("");
			const sorted = (text: string | undefined) => text?.trim().split("\n").sort();
			const [passwd, shadow, group] = stdout.split("\n\n");
			expect(sorted(passwd)).toEqual(sorted(files.passwd));
			expect(sorted(shadow)).toEqual(sorted(files.shadow));
			expect(sorted(group)).toEqual(sorted(files.group));
		});

		it("gives users their groups", async () => {
			const { stdout } = await withAccounts(files, "for user in alice bob carol; do id $user; done");
			expect(stdout).toBe(
				"uid=2001(alice) gid=2000(people-1) groups=2000(people-1),2001(ops)\n" +
					"uid=2000(bob) gid=2001(ops) groups=2001(ops),2000(people-1)\n" +
					"uid=4000000000(carol) gid=3000(carol) groups=3000(carol)\n",
			);
		});

		/** Becomes a user with a password, as somebody who is nobody. */
		const su = (user: string, password: string) => {
			const script = `setpriv --reuid 65534 --regid 65534 --clear-groups su -s ${SHELL} ${user} -c 'id -un; pwd'`;
			return withAccounts(files, `cd /; chmod 711 "$FILES"; ${script}`, `${password}\n`);
		};

		it.each(["alice", "dave"])("lets %s in with the password, and with no other", async (user) => {
			expect(await su(user, PASSWORD)).toMatchObject({ code: 0, stdout: `${user}\n/\n` });
			expect(await su(user, `${PASSWORD}.`)).toMatchObject({ code: 1, stdout: "" });
		});

		it.each([
			["locked", "bob"],
			["without a password", "carol"],
			["expired", "expired"],
		])("keeps who is %s out, whatever the password", async (_, user) => {
			// Each waits a second after it was refused.
			const [right, ...others] = await Promise.all([PASSWORD, "", "*", "!"].map((password) => su(user, password)));
			for (const outcome of [right, ...others]) expect(outcome).toMatchObject({ code: 1, stdout: "" });
			expect(right?.stderr.includes("account has expired")).toBe(user === "expired");
		});

		it("reads any accounts as they were given", async () => {
			await fc.assert(
				fc.asyncProperty(accounts, async (given) => {
					const own = printed(given);
					const ask = (database: string, text: string) => {
						const names = readFields(text).map(([name]) => name);
						return names.length === 0 ? "" : `getent ${database} ${names.join(" ")};`;
					};
					const script = `${ask("passwd", own.passwd)} echo; ${ask("shadow", own.shadow)} echo; ${ask("group", own.group)}`;
					const { stdout } = await withAccounts(own, script.replaceAll("$", "\\$"));
					expect(stdout).toBe(`${own.passwd}\n${own.shadow}\n${own.group}`);
					for (const fields of readFields(own.group)) {
						for (const member of readList(fields[3])) expect(given.users[member]?.groups).toContain(fields[0]);
					}
				}),
				{ numRuns: 40 },
			);
		});

		it("takes every name that trocla takes", async () => {
			const text = fc.oneof(
				fc.string({ maxLength: 6 }),
				fc.string({ unit: "grapheme", minLength: 1, maxLength: 34 }),
				fc.stringMatching(/^[a-zA-Z0-9_.$@~+#!*-]{1,34}$/),
			);
			const names = fc.sample(
				text.filter((name) => !/[:\n\0\p{C}]/u.test(name) && name !== ""),
				2000,
			);
			const passwd = names.map((name) => `${name}:x:2001:2001::/:/bin/sh\n`).join("");
			const { stdout } = await withAccounts(
				{ passwd, shadow: "", group: "", gshadow: "" },
				'pwck -qr "$FILES/passwd" || true',
			);
			const refused = new Set([...stdout.matchAll(/^invalid user name '(.*)'/gm)].map(([, name]) => name));
			const takes = (rule: "portable" | "debian", name: string) =>
				accountName(rule)(name, new Report(undefined).at("name")) !== undefined;
			expect(names.filter((name) => takes("portable", name) && refused.has(name))).toEqual([]);
			expect(names.filter((name) => takes("debian", name) && refused.has(name))).toEqual([]);
			expect(names.some((name) => takes("portable", name))).toBe(true);
			expect(refused.size).toBeGreaterThan(10);
		});
	},
);
