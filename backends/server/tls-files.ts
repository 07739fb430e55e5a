import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { BackendError } from "../backend.js";
import { shellQuote } from "../shell-quote.js";

/** Absolute paths of PEM files, as the options of a store on a server name them. */
export interface TlsFiles {
	readonly ca?: string | undefined;
	readonly certificate?: string | undefined;
	readonly key?: string | undefined;
}

/** What Node needs for TLS: PEM texts, and that the server's certificate is checked whatever the environment says. */
export interface TlsTexts {
	readonly ca?: string;
	readonly cert?: string;
	readonly key?: string;
	readonly rejectUnauthorized: true;
}

/**
 * Reads the files that TLS needs.
 *
 * @throws {BackendError} where one can't be read or is not what it should be, and `exposed` for a key that others can read
 */
export async function readTlsFiles(files: TlsFiles): Promise<TlsTexts> {
	if ((files.certificate === undefined) !== (files.key === undefined)) {
		throw new BackendError(
			"unavailable",
			"store_options has only one of certificate and key",
			"A client's certificate needs its key, and the key its certificate: name both, or neither",
		);
	}
	if (files.key !== undefined) await refuseExposed(files.key);
	const ca = await part("ca", files.ca, (ca) => ({ ca }));
	const cert = await part("certificate", files.certificate, (cert) => ({ cert }));
	const key = await part("key", files.key, (key) => ({ ...cert, key }));
	return { ...ca, ...cert, ...key, rejectUnauthorized: true };
}

async function part<Name extends "ca" | "cert" | "key">(
	option: string,
	path: string | undefined,
	named: (text: string) => { readonly [name in Name]?: string },
): Promise<{ readonly [name in Name]?: string }> {
	if (path === undefined) return {};
	try {
		const texts = named(await readFile(path, "utf8"));
		createSecureContext(texts);
		return texts;
	} catch (error) {
		const message = `store_options.${option}: ${path} can't be used: ${(error as Error).message}`;
		throw new BackendError("unavailable", message, "It must be a PEM file that trocla may read");
	}
}

/** As PostgreSQL's programs have it: of a key that is root's, the group may be one that is allowed to read it. */
async function refuseExposed(path: string): Promise<void> {
	const stats = await stat(path).catch(() => undefined);
	if (!stats || !(stats.mode & (stats.uid === 0 ? 0o037 : 0o077))) return;
	throw new BackendError(
		"exposed",
		`store_options.key: ${path} can be read or changed by others`,
		`Run: chmod 600 ${shellQuote(path)}`,
	);
}
