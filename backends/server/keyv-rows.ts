import Keyv from "keyv";
import { BackendError } from "../backend.js";

const NAMESPACE = "trocla";

/** What Keyv puts in front of its keys. */
export const KEY_PREFIX = `${NAMESPACE}:`;

/** The first text after all that begin with the prefix: ";" follows ":". */
export const AFTER_ALL_KEYS = `${NAMESPACE};`;

/** The longest key of a row, in bytes of UTF-8 and so in characters too: 512 are trocla's. */
export const LONGEST_ROW_KEY = KEY_PREFIX.length + 512;

const keyv = new Keyv();

/** The value of a text's row, as Keyv writes it. */
export async function encode(text: string): Promise<string> {
	return String(await keyv.serializeData({ value: text }));
}

/**
 * The text of a row.
 *
 * @param server - the store's URL, without who uses it
 * @throws {BackendError} `damaged` where Keyv did not write it
 */
export async function decode(row: string, key: string, server: string): Promise<string> {
	const plain = plainText(row);
	if (plain !== undefined) return plain;
	const stored = await Promise.resolve(keyv.deserializeData<unknown>(row)).catch(() => undefined);
	if (typeof stored?.value === "string") return stored.value;
	throw damagedRow(key, server);
}

export function damagedRow(key: string, server: string): BackendError {
	return new BackendError(
		"damaged",
		`the row of ${JSON.stringify(key)} in ${server} is not one that Keyv wrote`,
		"Restore this row from a backup, or delete it if it is not trocla's",
		key,
	);
}

/** The text of a row in which Keyv has marked nothing, as all records' are: reading it takes a fraction of Keyv's time. */
function plainText(row: string): string | undefined {
	try {
		const { value } = JSON.parse(row) as { value?: unknown };
		return typeof value === "string" && !value.startsWith(":") ? value : undefined;
	} catch {
		return undefined;
	}
}
