import { BackendError } from "../backend.js";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * A key that a server gave as bytes.
 *
 * @param server - the store's URL, without who uses it
 * @throws {BackendError} `damaged`
 */
export function keyText(bytes: Buffer, server: string): string {
	try {
		return UTF8.decode(bytes);
	} catch {
		throw new BackendError(
			"damaged",
			`${server} has a key that is not UTF-8`,
			"Delete it with the server's own command: trocla never wrote it",
		);
	}
}
