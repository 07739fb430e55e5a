import Keyv from "keyv";
import { BackendError } from "../backend.js";

/** Texts in Keyv's own rows, `{"value": TEXT}`, so that any Keyv tool can read them. */
export interface Rows {
	encode(text: string): Promise<string>;

	/** @throws {BackendError} `damaged` where it is not a row with a text in it */
	decode(row: string, key: string): Promise<string>;
}

/** @param server - for messages: the store's URL, without who uses it */
export function rowsIn(server: string): Rows {
	const keyv = new Keyv();
	return {
		encode: async (text) => String(await keyv.serializeData({ value: text })),

		async decode(row, key) {
			const stored = await Promise.resolve(keyv.deserializeData<unknown>(row)).catch(() => undefined);
			if (typeof stored?.value === "string") return stored.value;
			throw damagedRow(server, key);
		},
	};
}

export function damagedRow(server: string, key: string): BackendError {
	return new BackendError(
		"damaged",
		`the row of ${JSON.stringify(key)} in ${server} is not one that Keyv wrote`,
		"Restore it from a backup, or delete it with the server's own command if it is not trocla's",
		key,
	);
}
