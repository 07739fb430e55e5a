import { closeSync, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { basename } from "node:path";
import { replaceableIn } from "../backends/replaceable.js";
import { shellQuote } from "../backends/shell-quote.js";
import { TroclaError } from "./errors.js";

/** Where something secret is kept: in a file, a variable, or a credential of systemd's. */
export type SecretSource =
	| { readonly kind: "file"; readonly path: string }
	| { readonly kind: "env"; readonly name: string }
	| { readonly kind: "credential"; readonly name: string };

/** Where it is, in words: `/etc/trocla/password`, `$PGPASSWORD`, `the credential db`. */
export function secretPlace(source: SecretSource): string {
	if (source.kind === "file") return source.path;
	return source.kind === "env" ? `$${source.name}` : `the credential ${source.name}`;
}

/**
 * A password or token: the first line of a file or credential that nobody else can read, or all of a variable.
 *
 * @param what - what it is, for messages: `the store's password`
 * @throws {TroclaError} `config`
 */
export function readSecret(source: SecretSource, what: string): string {
	const name = `${what} in ${secretPlace(source)}`;
	if (source.kind === "env") {
		const text = process.env[source.name];
		if (text) return text;
		throw new TroclaError("config", `${name} is not set`, `Set the variable ${source.name} where trocla runs`);
	}
	const [line = ""] = readPrivate(secretFile(source, name), name, source.kind).split(/\r?\n/, 1);
	if (line !== "") return line;
	throw new TroclaError("config", `${name} is empty`, "Write it into the first line");
}

/**
 * The file that a source is in.
 *
 * @throws {TroclaError} `config` where systemd handed no credentials over
 */
function secretFile(source: Exclude<SecretSource, { kind: "env" }>, name: string): string {
	if (source.kind === "file") return source.path;
	const directory = process.env.CREDENTIALS_DIRECTORY;
	if (directory) return `${directory}/${basename(source.name)}`;
	throw new TroclaError(
		"config",
		`${name} is not here: $CREDENTIALS_DIRECTORY is not set`,
		`systemd sets it for a service with LoadCredential=${source.name}:FILE, or LoadCredentialEncrypted=`,
	);
}

function readPrivate(path: string, name: string, kind: "file" | "credential"): string {
	let file: number | undefined;
	try {
		file = openSync(path, "r");
		const exposed = exposure(fstatSync(file), path, kind);
		if (exposed) throw new TroclaError("config", `${named(name, path)} ${exposed.what}`, exposed.hint);
		return readFileSync(file, "utf8");
	} catch (error) {
		if (error instanceof TroclaError) throw error;
		throw new TroclaError("config", `${name} can't be read: ${(error as Error).message}`, "Mend that path");
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

const named = (name: string, path: string) => (name.includes(path) ? name : `${name} (${path})`);

/**
 * Why a secret's file is not safe, and what to do; nothing where it is.
 *
 * @param kind - systemd lets the user of a service read a credential by an ACL, whose mask shows as the group's right
 */
export function exposure(
	{ mode, uid }: Stats,
	path: string,
	kind: "file" | "credential",
): { readonly what: string; readonly hint: string; readonly isReadable: boolean } | undefined {
	if (mode & (kind === "file" ? 0o077 : 0o037)) {
		const octal = (mode & 0o7777).toString(8).padStart(4, "0");
		const what = `can be read or changed by others (mode ${octal})`;
		return { what, hint: `Run: chmod 600 ${shellQuote(path)}`, isReadable: true };
	}
	const me = process.geteuid?.() ?? 0;
	if (me !== 0 && uid !== 0 && uid !== me) {
		return { what: "belongs to another user", hint: "It must be yours, or root's", isReadable: false };
	}
	const open = replaceableIn(path);
	if (!open) return undefined;
	return {
		what: `is in ${open.directory}, which can be written by others (mode ${open.mode})`,
		hint: `Run: chmod go-w ${shellQuote(open.directory)}`,
		isReadable: false,
	};
}
