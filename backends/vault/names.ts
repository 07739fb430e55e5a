/**
 * What Vault calls a key: one segment of a path that says the same key back.
 *
 * Vault's paths end neither with a slash nor a blank, have no `..` and nothing that can't be printed, and proxies on the
 * way rewrite what a URL must escape. So ASCII letters, digits and `_ - . : @` stay as they are, which is all of most
 * keys, and every other byte of UTF-8 is `~` and two upper-case hex digits; a dot too where it is the first or follows
 * another, so what begins with a dot is never a key.
 */
export function nameOf(key: string): string {
	return Buffer.from(key)
		.toString("latin1")
		.replace(/[^\w.:@-]|(?<=^|\.)\./g, (byte) => `~${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/**
 * The UTF-8 bytes of the key with this name, a character each, so that JavaScript sorts them as bytes; `undefined` where
 * it is no key's name, but a folder's or another program's.
 */
export function bytesOf(name: string): string | undefined {
	if (/^[\w:@-](?:\.?[\w:@-])*\.?$/.test(name)) return name;
	const bytes = name.replace(/~([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
	return bytes !== "" && nameOf(keyOf(bytes)) === name ? bytes : undefined;
}

/** The key with these bytes. */
export function keyOf(bytes: string): string {
	return Buffer.from(bytes, "latin1").toString();
}

/** A key's UTF-8 bytes, a character each. */
export function inBytes(key: string): string {
	return Buffer.from(key).toString("latin1");
}
