import { closeSync, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { replaceableIn } from "../../backends/replaceable.js";
import { shellQuote } from "../../backends/shell-quote.js";
import type { DaemonPlace } from "../config/server.js";
import { TroclaError } from "../errors.js";
import { exposure, readSecret, type SecretSource } from "../secret.js";

/** What a client shows to the daemon, and what it expects of it. */
export interface Credentials {
	readonly token: string | undefined;
	readonly cert: Buffer | undefined;
	readonly key: Buffer | undefined;
	readonly ca: Buffer | undefined;
}

/** @throws {TroclaError} `config` where one can't be read, or others can read what is secret, or change it */
export function readCredentials({ token, certificate, key, ca }: DaemonPlace): Credentials {
	return {
		token: token && readToken(token),
		cert: certificate === undefined ? undefined : readChecked("certificate", certificate, changeable),
		// A group may share a key, as Puppet's does.
		key: key === undefined ? undefined : readChecked("key", key, (stats) => exposure(stats, key, "credential")),
		ca: ca === undefined ? undefined : readChecked("ca", ca, changeable),
	};
}

function readToken(source: SecretSource): string {
	const token = readSecret(source, "the token for the daemon").trim();
	// What trocla serve --new-token prints, or another bearer token (RFC 6750): it is not shown.
	if (/^[\w.~+/-]+=*$/.test(token)) return token;
	const hint = "It is what trocla serve --new-token printed, and nothing else";
	throw new TroclaError("config", "the token for the daemon is not one", hint);
}

interface Unsafe {
	readonly what: string;
	readonly hint: string;
}

function readChecked(name: string, path: string, check: (stats: Stats, path: string) => Unsafe | undefined): Buffer {
	const fail = (what: string, hint: string) => new TroclaError("config", `server_options.${name}: ${what}`, hint);
	let file: number | undefined;
	try {
		file = openSync(path, "r");
		const unsafe = check(fstatSync(file), path);
		if (unsafe) throw fail(`${path} ${unsafe.what}`, unsafe.hint);
		return readFileSync(file);
	} catch (error) {
		throw error instanceof TroclaError ? error : fail((error as Error).message, "Name another file there");
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

function changeable({ mode }: Stats, path: string): Unsafe | undefined {
	if (mode & 0o022) return { what: "can be changed by others", hint: `Run: chmod go-w ${shellQuote(path)}` };
	const open = replaceableIn(path);
	const what = `is in ${open?.directory}, which can be written by others (mode ${open?.mode})`;
	return open && { what, hint: `Run: chmod go-w ${shellQuote(open.directory)}` };
}
