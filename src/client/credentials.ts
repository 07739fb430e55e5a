import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceableIn } from "../../backends/replaceable.js";
import { shellQuote } from "../../backends/shell-quote.js";
import type { DaemonPlace, TokenSource } from "../config/server.js";
import { TroclaError } from "../errors.js";

/** What a client shows to the daemon, and what it expects of it. */
export interface Credentials {
	readonly token: string | undefined;
	readonly cert: Buffer | undefined;
	readonly key: Buffer | undefined;
	readonly ca: Buffer | undefined;
}

/** A group may share a token or a key, as Puppet's does; nobody else may read it, and nobody but its owner change it. */
const FORBIDDEN = 0o027;

/** @throws {TroclaError} `config` where one can't be read, or others can */
export function readCredentials({ token, certificate, key, ca }: DaemonPlace): Credentials {
	const read = (name: string, path: string | undefined, isSecret = false) =>
		path === undefined ? undefined : readOwn(`server_options.${name}`, path, isSecret);
	return {
		token: token && readToken(token),
		cert: read("certificate", certificate),
		key: read("key", key, true),
		ca: read("ca", ca),
	};
}

function readToken(source: TokenSource): string {
	const { name, text } = tokenText(source);
	const token = text?.trim();
	// What trocla serve --new-token prints, or another bearer token (RFC 6750): it is not shown.
	if (token !== undefined && /^[\w.~+/-]+=*$/.test(token)) return token;
	const what = token ? "is no token" : "is empty";
	throw new TroclaError(
		"config",
		`${name} ${what}`,
		"It must hold what trocla serve --new-token printed, and nothing else",
	);
}

function tokenText(source: TokenSource): { readonly name: string; readonly text: string | undefined } {
	if (source.kind === "env") return { name: `the token in $${source.name}`, text: process.env[source.name] };
	if (source.kind === "file") {
		const text = readOwn("server_options.token_file", source.path, true).toString();
		return { name: `the token file ${source.path}`, text };
	}
	const directory = process.env.CREDENTIALS_DIRECTORY;
	if (directory === undefined) {
		const hint = `It is there in a service that has LoadCredential=${source.name}:/path`;
		throw new TroclaError("config", `systemd has handed out no credential ${source.name}`, hint);
	}
	// systemd lets the user of a service read it by an ACL, whose mask shows as the group's right.
	const text = readOwn("server_options.token_credential", join(directory, source.name), true).toString();
	return { name: `the credential ${source.name}`, text };
}

function readOwn(name: string, path: string, isSecret: boolean): Buffer {
	const fail = (what: string, hint: string) => new TroclaError("config", `${name}: ${what}`, hint);
	let file: number;
	try {
		file = openSync(path, "r");
	} catch (error) {
		throw fail((error as Error).message, "Name another file there, or mend its permissions");
	}
	try {
		const { mode, uid } = fstatSync(file);
		const forbidden = isSecret ? FORBIDDEN : 0o022;
		if (mode & forbidden) {
			const bits = (mode & 0o7777).toString(8).padStart(4, "0");
			const what = isSecret ? "read or changed" : "changed";
			const change = isSecret ? "g-w,o-rwx" : "go-w";
			throw fail(`${path} can be ${what} by others (mode ${bits})`, `Run: chmod ${change} ${shellQuote(path)}`);
		}
		const me = process.geteuid?.() ?? 0;
		if (me !== 0 && uid !== 0 && uid !== me && isSecret) throw fail(`${path} belongs to another user`, OWNER);
		const open = replaceableIn(path);
		if (open) {
			const what = `others can put another file into ${open.directory} (mode ${open.mode})`;
			throw fail(what, `Run: chmod go-w ${shellQuote(open.directory)}`);
		}
		return readFileSync(file);
	} catch (error) {
		throw error instanceof TroclaError ? error : fail((error as Error).message, "Name another file there");
	} finally {
		closeSync(file);
	}
}

const OWNER = "It must be yours, or root's";
