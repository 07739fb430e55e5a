import { describe, expect, it } from "vitest";
import { sha512crypt } from "../../formats/sha512crypt.js";
import { type AccountFiles, printAccounts } from "../../src/accounts/account-files.js";
import { parseAccounts } from "../../src/accounts/accounts.js";
import { noMountNamespaces, withAccounts } from "../support/name-service.js";
import { missing } from "../support/peers.js";

const programs = ["pwck", "grpck", "unshare", "setpriv", "su", "getent", "libnss_extrausers.so.2"] as const;

const users = {
	alice: {
		uid: 2001,
		gid: "staff",
		groups: ["ops"],
		gecos: "Alice Ähre,room 1",
		ageing: { changed: "2026-01-02", min: 0, max: 9000, warn: 7, inactive: 30, expire: "2099-01-01" },
	},
	bob: { uid: 2000, gid: 2001, groups: ["staff", "ops"], home: "/home/b", shell: "/bin/sh", ensure: "locked" },
	carol: { uid: 4_000_000_000, password: "*", ageing: { expire: new Date("2027-01-01") } },
	expired: { uid: 2005, gid: "staff", ageing: { expire: "1999-12-31" } },
};
const groups = { staff: { gid: 2000, admins: ["bob", "alice"] }, ops: { gid: 2001 }, carol: { gid: 3000 } };

const PASSWORD = "-correct Pferd";
const hash = await sha512crypt.derive(
	PASSWORD,
	{ rounds: 5000 },
	{ own: "", read: async () => undefined, now: () => new Date() },
);

function files(): AccountFiles {
	const { value, faults } = parseAccounts(users, groups);
	expect(faults).toEqual([]);
	if (!value) throw new Error("not reached");
	return printAccounts(value, () => hash).files;
}

describe.skipIf(missing(...programs) || noMountNamespaces())(
	"the accounts of a host (needs passwd and libnss-extrausers)",
	() => {
		it("pwck and grpck have nothing to say", async () => {
			const script = 'cd "$FILES"; pwck -r passwd shadow; grpck -r group gshadow; cat passwd shadow';
			console.log(files());
			const outcome = await withAccounts(files(), script);
			console.log(outcome);
			console.log(
				await withAccounts(
					files(),
					"getent passwd alice carol; getent shadow alice bob; getent group; id alice; id bob",
				),
			);
			console.log(
				await withAccounts(
					files(),
					"setpriv --reuid 65534 --regid 65534 --clear-groups su alice -c 'id -un' || true; exec 0</dev/null; su bob -c 'id'",
					`${PASSWORD}\n`,
				),
			);
		});
	},
);
