import { closeSync, fstatSync, openSync, readFileSync, type Stats, statSync } from "node:fs";
import { TroclaError } from "../errors.js";
import { exposure } from "../secret.js";

/** What a ring says, and of which state of its file that is. */
export interface RingText {
	readonly text: string;
	readonly identity: string | undefined;
	readonly changed: Date | undefined;
}

/** Tells one state of a ring's file from another; `undefined` where it can't be looked at, and reading it tells why. */
export function fileIdentity(path: string): string | undefined {
	try {
		const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
		return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
	} catch {
		return undefined;
	}
}

/**
 * Reads a key ring's file, which nobody else may read or replace.
 *
 * @param name - the ring's, for messages
 * @param kind - systemd lets the user of a service read a credential by an ACL, whose mask shows as the group's right
 * @throws {TroclaError} `ring`
 */
export function readRingFile(path: string, name: string, kind: "file" | "credential"): RingText {
	// The state from before reading: where the file changes meanwhile, it is read once more and not once less.
	const identity = fileIdentity(path);
	const fd = open(path, name);
	try {
		const stats = fstatSync(fd);
		refuseExposed(stats, path, kind);
		return { text: readFileSync(fd, "utf8"), identity, changed: stats.mtime };
	} catch (error) {
		throw error instanceof TroclaError ? error : unreadable(error, name);
	} finally {
		closeSync(fd);
	}
}

function open(path: string, name: string): number {
	try {
		return openSync(path, "r");
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw code === "ENOENT" || code === "ENOTDIR" ? missing(name) : unreadable(error, name);
	}
}

function refuseExposed(stats: Stats, path: string, kind: "file" | "credential"): void {
	const exposed = exposure(stats, path, kind);
	if (!exposed) return;
	const after = exposed.isReadable ? ". Whoever read it can open every record: then trocla rekey makes a new key" : "";
	throw new TroclaError("ring", `the key ring ${path} ${exposed.what}`, `${exposed.hint}${after}`);
}

function missing(name: string): TroclaError {
	return new TroclaError(
		"ring",
		`${name} is not there`,
		"Restore it from your backup: without it no sealed record can be read. For a new store, trocla init --sealed makes one",
	);
}

function unreadable(error: unknown, name: string): TroclaError {
	const { message } = error as Error;
	return new TroclaError("ring", `${name} can't be read: ${message}`, "Run it as the user who owns the ring");
}
