import { createHash } from "node:crypto";
import { TroclaError } from "../errors.js";
import { quoteValue } from "../value.js";

/** The files of a host's set whose contents lie among the tree's objects, sorted. */
export const FILES = ["authorized_keys", "group", "gshadow", "passwd", "shadow", "user_keys"] as const;

/** The SHA-256 of each of them, in lower-case hex. */
export type FileDigests = { readonly [Name in (typeof FILES)[number]]: string };

/** The SHA-256 of each file of a set, in lower-case hex. */
export type ManifestDigests = FileDigests & { readonly Host: string; readonly TimeStamp: string };

/** What a host's set has besides `FILES`; the last is what is signed. */
export interface Manifest {
	/** The text of `Host`: the host's name and a newline. */
	readonly host: string;
	/** The text of `TimeStamp`: milliseconds since the epoch and a newline. */
	readonly timeStamp: string;
	/** The text of `HashDigest`: what `sha256sum -c` reads where all files of the set lie in one directory. */
	readonly hashDigest: string;
}

// In the order of their bytes, where capital letters come first.
const LISTED = ["Host", "TimeStamp", ...FILES] as const;
const DIGEST = /^[0-9a-f]{64}$/;
const HASH_DIGEST = new RegExp(`^${LISTED.map((name) => `(?<${name}>[0-9a-f]{64})  ${name}\n`).join("")}$`);
/** The last time that a Date has: ECMA-262, "Time Values". */
const MAX_STAMP = 8.64e15;
/** The longest name of a directory that Linux has. */
const MAX_NAME_BYTES = 255;

/**
 * Prints what binds a host's files together, to this host and this time.
 *
 * @param stamp - milliseconds since the epoch
 * @throws {TroclaError} `invalid` where the host's name can't be one, or a digest or the stamp is none
 */
export function printManifest(name: string, stamp: number, digests: FileDigests): Manifest {
	checkHostName(name);
	if (!isStamp(stamp)) {
		throw new TroclaError("invalid", `${stamp} is no time: whole milliseconds since 1970 are one`);
	}
	for (const file of FILES) {
		if (!DIGEST.test(digests[file])) throw new TroclaError("invalid", `${file} comes without its SHA-256`);
	}
	const host = `${name}\n`;
	const timeStamp = `${stamp}\n`;
	const all: ManifestDigests = { ...digests, Host: sha256(host), TimeStamp: sha256(timeStamp) };
	return { host, timeStamp, hashDigest: LISTED.map((file) => `${all[file]}  ${file}\n`).join("") };
}

/**
 * Reads a `HashDigest`: exactly what `printManifest` prints, all files of a set in their order.
 *
 * @throws {TroclaError} `damaged` for anything else
 */
export function parseManifest(hashDigest: string): ManifestDigests {
	const digests = HASH_DIGEST.exec(hashDigest)?.groups;
	if (!digests) throw new TroclaError("damaged", "a HashDigest does not list the files of a set, one a line, sorted");
	// The pattern has a group for each name, and none is optional.
	return { ...digests } as ManifestDigests;
}

/**
 * Reads a `TimeStamp`.
 *
 * @returns milliseconds since the epoch
 * @throws {TroclaError} `damaged` for what `printManifest` would not print
 */
export function parseTimeStamp(text: string): number {
	const stamp = Number(/^(0|[1-9]\d{0,15})\n$/.exec(text)?.[1]);
	if (!isStamp(stamp)) throw new TroclaError("damaged", "a TimeStamp is no number of milliseconds");
	return stamp;
}

const isStamp = (stamp: number) => Number.isInteger(stamp) && stamp >= 0 && stamp <= MAX_STAMP;

/** @throws {TroclaError} `invalid` where this can't be a host's name, which is that of its directory */
export function checkHostName(name: string): void {
	// A control character could end the line that `Host` is; what is not well-formed has no UTF-8.
	const isOne = name !== "" && !/^\.|[/\p{Cc}]/u.test(name) && name.isWellFormed();
	if (isOne && Buffer.byteLength(name) <= MAX_NAME_BYTES) return;
	throw new TroclaError("invalid", `${quoteValue(name)} can't be a host's name`, "As in: www1.example.com");
}

/** The SHA-256 of a content, a text's that of its UTF-8, in lower-case hex. */
export function sha256(content: string | Uint8Array): string {
	return createHash("sha256").update(content).digest("hex");
}

/** The digest of a file that has nothing in it. */
export const NOTHING = sha256("");
