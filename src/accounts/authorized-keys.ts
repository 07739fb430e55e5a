import { isMap } from "../value.js";
import { type AuthorizedKey, parseKey, printKey } from "./authorized-key.js";
import { type Check, entriesOf } from "./entry.js";
import { type Checked, type Place, Report, type Where } from "./faults.js";
import { printOptions } from "./key-options.js";

export const ROOT_KEYS = "ibox::root_keys";

/**
 * Checks the keys that let root in, as Hiera has merged them, and takes down everything that is wrong with them. A key
 * under two names is one line, that of the first name; a note says so.
 *
 * @param keys - what `ibox::root_keys` is, in JavaScript's own types: names with their keys
 * @returns the keys in the order of their names
 */
export function parseKeys(keys: unknown, where?: Where): Checked<readonly AuthorizedKey[]> {
	const report = new Report(where);
	return report.checked(keysOf(keys, report.at(ROOT_KEYS)));
}

/** The text of authorized_keys: a line for each key, in the order given. */
export function printKeys(keys: readonly AuthorizedKey[]): string {
	return keys.map((key) => `${printKey(key)}\n`).join("");
}

/** The same for any map of names to keys. */
export const keysOf: Check<readonly AuthorizedKey[]> = (value, at) => {
	const entries = entriesOf(value, at);
	if (!entries) return undefined;
	const parsed = entries.map(([name, entry]) => parseKey(name, entry, at.in(name)));
	const keys = distinct(
		parsed.filter((key) => key !== undefined && key !== "absent"),
		at,
	);
	const absent = entries.filter((_, index) => parsed[index] === "absent");
	for (const [name, entry] of absent) noteStillThere(entry, keys, at.in(name));
	return parsed.includes(undefined) ? undefined : keys;
};

/** Whoever takes a key away may mean the key, and not the name. */
function noteStillThere(absent: unknown, keys: readonly AuthorizedKey[], at: Place): void {
	const still = isMap(absent) && keys.find(({ key }) => key === absent.key);
	if (still) at.note(`is absent, and the same key is still there as ${quote(still)}`);
}

/** Each key once: under its first name. */
function distinct(keys: readonly AuthorizedKey[], at: Place): readonly AuthorizedKey[] {
	const firsts = new Map<string, AuthorizedKey>();
	for (const key of keys) {
		const first = firsts.get(key.key);
		if (!first) firsts.set(key.key, key);
		else compare(key, first, at.in(key.name));
	}
	return [...firsts.values()];
}

function compare(key: AuthorizedKey, first: AuthorizedKey, at: Place): void {
	const isSame = printOptions(first.options) === printOptions(key.options);
	if (isSame) at.note(`is the same key as ${quote(first)}`);
	else {
		at.fault(
			`is the same key as ${quote(first)}, with other options`,
			"sshd would take those of either line: keep one, and take the other away with ensure: absent",
		);
	}
}

const quote = ({ name }: AuthorizedKey) => JSON.stringify(name);
