import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { accountsPrinter } from "../../../src/accounts/account-files.js";
import { parseAccounts } from "../../../src/accounts/accounts.js";
import { parseKeys, printKeys } from "../../../src/accounts/authorized-keys.js";
import { printUserKeys } from "../../../src/accounts/user-keys.js";
import { parseYaml } from "../../../src/config/yaml.js";

const manual = readFileSync(join(import.meta.dirname, "../../../docs/accounts.md"), "utf8");
const blocks = new Map([...manual.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, name, text]) => [name, text]));
const HASHES: { readonly [format: string]: string } = {
	sha512crypt: `$6$saltsalt$${"x".repeat(86)}`,
	yescrypt: `$y$j9T$salt$${"x".repeat(43)}`,
};

describe("the example of docs/accounts.md", () => {
	const data = parseYaml(blocks.get("yaml") ?? "") as { readonly [key: string]: unknown };

	it("gives the files that are shown there", () => {
		const { value, faults, notes } = parseAccounts(data["accounts::users"], data["accounts::groups"]);
		expect([...faults, ...notes]).toEqual([]);
		const changed = new Date("2026-01-05T12:00:00Z");
		const files = accountsPrinter(({ format }) => ({
			hash: HASHES[format] ?? "",
			changed,
		}))(value ?? expect.unreachable());
		const keys = parseKeys(data["ibox::root_keys"]);
		const shown = {
			...files,
			shadow: files.shadow.replace(/(\$\w+\$)[^:]+/g, "$1..."),
			authorized_keys: printKeys(keys.value ?? []),
			user_keys: printUserKeys(value?.users ?? []),
		};
		for (const [name, text] of Object.entries(shown)) expect(blocks.get(`text ${name}`), name).toBe(text);
	});
});

describe("the tables of docs/accounts.md", () => {
	const section = (name: string) => manual.split(/^## /m).find((text) => text.startsWith(`\`${name}\``)) ?? "";
	const members = (name: string) => [...section(name).matchAll(/^\| `(\w+)` +\|/gm)].map(([, member]) => member ?? "");

	it.each([
		["accounts::users", (entry: unknown) => parseAccounts({ alice: entry }, {})],
		["accounts::groups", (entry: unknown) => parseAccounts({}, { people: entry })],
		["ibox::root_keys", (entry: unknown) => parseKeys({ alice: entry })],
	])("name each member of %s, and no other", (name, parse) => {
		const { faults } = parse({ "?": 1 });
		const known = /(?:Known: |It may have: )([^(]*)/.exec(faults.find(({ path }) => path.at(-1) === "?")?.hint ?? "");
		expect(members(name).toSorted()).toEqual(known?.[1]?.trim().split(", ").toSorted());
	});
});
