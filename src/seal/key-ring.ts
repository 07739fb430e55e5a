import { basename } from "node:path";
import { TroclaError } from "../errors.js";
import type { SecretSource } from "../secret.js";
import { fileIdentity, type RingText, readRingFile } from "./key-ring-file.js";

/** Where a key ring is. */
export type RingSource = SecretSource;

/** A key that seals records. */
export interface RingKey {
	readonly id: string;
	/** When it was made: ISO 8601, UTC. */
	readonly created: string;
	/** 32 of them. */
	readonly bytes: Buffer;
}

const KEY_BYTES = 32;

/**
 * The keys of a store, by their names; the last one is the newest, and seals.
 *
 * A ring in a file is read again where the file is another one by now: before anything is sealed, and when a key is
 * asked for that it had not. So a process that runs for long follows a rekey.
 */
export class KeyRing {
	/** As it stands in a message: `the key ring /etc/trocla/keys`. */
	readonly name: string;
	readonly #source: RingSource;
	#keys: readonly RingKey[] = [];
	#identity: string | undefined;
	#changed: Date | undefined;
	#stores: readonly string[] = [];

	private constructor(source: RingSource) {
		this.#source = source;
		this.name = ringName(source);
		this.#read();
	}

	/** @throws {TroclaError} `ring` where it is not there, can't be read, or is not safe to use */
	static open(source: RingSource): KeyRing {
		return new KeyRing(source);
	}

	/** The oldest first. */
	get keys(): readonly RingKey[] {
		return this.#keys;
	}

	/** The stores that it says it is of: a key that one of them does not need any more, another one may. */
	get stores(): readonly string[] {
		return this.#stores;
	}

	/** When its file was last written; `undefined` where it is in no file. */
	get changed(): Date | undefined {
		return this.#changed;
	}

	/** @throws {TroclaError} `ring` where the ring is gone or broken by now: nothing may be sealed with what it was */
	newest(): RingKey {
		this.#follow();
		const newest = this.#keys.at(-1);
		if (!newest) throw empty(this.name);
		return newest;
	}

	find(id: string): RingKey | undefined {
		const isIt = (key: RingKey) => key.id === id;
		const known = this.#keys.find(isIt);
		if (known) return known;
		this.#follow();
		return this.#keys.find(isIt);
	}

	#follow(): void {
		if (this.#source.kind !== "env" && fileIdentity(ringPath(this.#source)) !== this.#identity) this.#read();
	}

	#read(): void {
		const { text, identity, changed } = readSource(this.#source, this.name);
		this.#keys = parseRing(text, this.name);
		this.#identity = identity;
		this.#changed = changed;
		this.#stores = text
			.split("\n")
			.flatMap((line) => (line.startsWith(STORE) ? [line.slice(STORE.length).trim()] : []));
	}
}

/** What a ring says before its first key: what it is, for whoever meets it, and of which store. */
export function ringHeader(store: string): string {
	return `# trocla's key ring: NAME CREATED KEY, one a line. The last one seals, the others open older records.
# Keep a copy of it apart from the store: without it no record can be read, and who has both reads all.
${STORE}${store}
`;
}

const STORE = "# Store: ";

/** A key's line in a ring. */
export function ringLine({ id, created, bytes }: RingKey): string {
	return `${id} ${created} ${bytes.toString("base64")}\n`;
}

/** The key that a line of a ring is of; `undefined` for a comment. */
export function lineKey(line: string): string | undefined {
	const [id = ""] = line.trim().split(/\s+/, 1);
	return id === "" || id.startsWith("#") ? undefined : id;
}

/**
 * Reads a ring's text: a key a line, as `NAME CREATED BASE64`; empty lines and those that begin with # say nothing.
 *
 * @throws {TroclaError} `ring`, with the line and nothing of the keys
 */
export function parseRing(text: string, name: string): RingKey[] {
	const keys: RingKey[] = [];
	for (const [index, line] of text.split("\n").entries()) {
		if (lineKey(line) === undefined) continue;
		const key = parseLine(line, `line ${index + 1} of ${name}`);
		if (keys.some(({ id }) => id === key.id)) {
			throw ringError(`${name} has the key ${key.id} twice`, "Restore it from your backup, or take the wrong line out");
		}
		keys.push(key);
	}
	if (keys.length === 0) throw empty(name);
	return keys;
}

function parseLine(line: string, where: string): RingKey {
	const [id = "", created = "", base64 = "", ...more] = line.trim().split(/\s+/);
	// What stands in the place of a name may be a part of a key, so only what surely is a name is ever shown.
	if (more.length > 0 || !/^[\w-]{1,32}$/.test(id) || !/^\d{4}-\d\d-\d\dT\S+$/.test(created) || !Date.parse(created)) {
		throw ringError(`${where} is not NAME CREATED KEY`, "Restore it from your backup, or mend that line");
	}
	const bytes = Buffer.from(base64, "base64");
	if (bytes.toString("base64") !== base64) {
		throw ringError(`${where}: the key ${id} is not base64`, "Restore it from your backup");
	}
	if (bytes.length !== KEY_BYTES) {
		throw ringError(
			`${where}: the key ${id} has ${bytes.length} bytes instead of ${KEY_BYTES}`,
			"Restore it from your backup",
		);
	}
	return { id, created, bytes };
}

function readSource(source: RingSource, name: string): RingText {
	if (source.kind !== "env") return readRingFile(ringPath(source), name, source.kind);
	const text = process.env[source.name];
	if (text === undefined) {
		throw ringError(
			`${name} is not set`,
			`Set $${source.name} to the ring's text, a key a line or with ; between them`,
		);
	}
	// In one line, as in a file of such settings, there are no comments that a ; could be part of.
	const lines = text.trim().includes("\n") ? text : text.replaceAll(";", "\n");
	return { text: lines, identity: undefined, changed: undefined };
}

/** @throws {TroclaError} `ring` where systemd handed no credentials over */
function ringPath(source: Exclude<RingSource, { kind: "env" }>): string {
	if (source.kind === "file") return source.path;
	const directory = process.env.CREDENTIALS_DIRECTORY;
	if (directory) return `${directory}/${basename(source.name)}`;
	throw ringError(
		`${ringName(source)} is not here: $CREDENTIALS_DIRECTORY is not set`,
		`systemd sets it for a service with LoadCredential=${source.name}:FILE, or LoadCredentialEncrypted=`,
	);
}

function ringName(source: RingSource): string {
	if (source.kind === "file") return `the key ring ${source.path}`;
	return source.kind === "env" ? `the key ring in $${source.name}` : `the key ring in the credential ${source.name}`;
}

function empty(name: string): TroclaError {
	return ringError(`${name} has no key`, "Restore it from your backup: without it no sealed record can be read");
}

const ringError = (message: string, hint: string) => new TroclaError("ring", message, hint);
