import { type BigIntStats, statSync } from "node:fs";
import type { SecureContextOptions } from "node:tls";
import { type HttpsInput, readTls } from "./https-server.js";

/** What was written a moment ago may still be being written, and by its times may not differ from what comes next. */
const SETTLED_MS = 100;

/**
 * The files of HTTPS, watched: a list of revoked certificates is to be obeyed from the moment that it lies there, and who
 * renews a certificate (Puppet's agent, certbot) tells nobody.
 */
export class TlsFiles {
	readonly #https: HttpsInput;
	#options: SecureContextOptions;
	/** The files' stamps when they were last read. */
	#seen = "";

	/** @throws {TroclaError} `config` where one can't be read, or is not what it should be */
	constructor(https: HttpsInput) {
		this.#https = https;
		this.#options = readTls(https);
	}

	get options(): SecureContextOptions {
		return this.#options;
	}

	/**
	 * What the files say now; `undefined` where that is what they said before.
	 *
	 * @throws {TroclaError} `config`, once for each change that can't be used
	 */
	changed(): SecureContextOptions | undefined {
		const { certificate, key, ca, crl } = this.#https;
		const stamps = [certificate, key, ca, crl].map((path) => path && stampOf(path)).join();
		if (stamps === this.#seen || stamps.includes(UNSETTLED)) return undefined;
		this.#seen = stamps;
		const options = readTls(this.#https);
		if (FILES.every((name) => String(options[name]) === String(this.#options[name]))) return undefined;
		this.#options = options;
		return options;
	}
}

const FILES = ["cert", "key", "ca", "crl"] as const;
const UNSETTLED = "unsettled";

/** Another one when the file, or what is in it, is another one; its change's time is what nobody sets. */
function stampOf(path: string): string {
	const found = look(path);
	if (typeof found === "string") return found;
	const age = Date.now() - Number(found.ctimeMs);
	if (age >= 0 && age < SETTLED_MS) return UNSETTLED;
	return `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
}

/** What is there, or why that can't be seen. */
function look(path: string): BigIntStats | string {
	try {
		return statSync(path, { bigint: true });
	} catch (error) {
		return (error as NodeJS.ErrnoException).code ?? "missing";
	}
}
