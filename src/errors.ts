/**
 * - `invalid`: a key, format, option or password that can't be taken; nothing was looked up
 * - `config`: the configuration can't be read, or says something wrong
 * - `data`: a file of Hiera's data, or what is looked up in them, is faulty
 * - `not_found`: the key, or this format of it, is not stored
 * - `no_plaintext`: it would take the plaintext, which was handed out or never was there
 * - `claimed`: the plaintext is being handed out by another process, or one that died doing it
 * - `unhashable`: the format can't hash this plaintext, or not on this machine
 * - `undelivered`: a hand-out failed while it was delivered; the values are still stored
 * - `damaged`: the store, a record in it, or what was published, can't be read as what it should be
 * - `export`: an export can't be written, opened, or is not whole
 * - `ring`: the key ring can't be read or written, is not safe to use, or not ready for what was asked
 * - `store`: the store, or the tree of what is published, can't be reached, written, or is not safe to use
 * - `source`: what is to be imported can't be read
 * - `server`: the daemon can't be reached, or did not do what it was asked for
 * - `forbidden`: the daemon does not let this client do that
 */
export type ErrorCode =
	| "invalid"
	| "config"
	| "data"
	| "not_found"
	| "no_plaintext"
	| "claimed"
	| "unhashable"
	| "undelivered"
	| "damaged"
	| "export"
	| "ring"
	| "store"
	| "source"
	| "server"
	| "forbidden";

/** Every error that the product throws: `message` says what is wrong with which input, `hint` what to do. */
export class TroclaError extends Error {
	override name = "TroclaError";
	readonly code: ErrorCode;
	readonly hint: string | undefined;

	constructor(code: ErrorCode, message: string, hint?: string, cause?: unknown) {
		super(message, cause === undefined ? undefined : { cause });
		this.code = code;
		this.hint = hint;
	}
}
