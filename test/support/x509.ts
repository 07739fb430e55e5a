import { createPrivateKey, X509Certificate } from "node:crypto";
import * as v from "valibot";
import { expect } from "vitest";
import { FormatError, type Keys } from "../../formats/format.js";
import { x509 } from "../../formats/x509.js";

/** A store in memory that holds x509 values only, with a clock that a test can set. */
export class CertificateStore {
	readonly values = new Map<string, string>();
	clock: () => Date = () => new Date();

	/** The value of a key, which is there. */
	get(key: string): string {
		return this.values.get(key) ?? expect.fail(`no ${key}`);
	}

	/** Makes a value under a key; a key pair that takes little time unless told. */
	async make(key: string, options: object = {}): Promise<string> {
		const quick = "keysize" in options ? {} : { key_type: "p256" };
		return this.#put(key, await x509.generate?.(v.parse(x509.options, { ...quick, ...options }), this.#keys(key)));
	}

	/** Takes in a value that was made elsewhere. */
	async take(key: string, text: string): Promise<string> {
		return this.#put(key, await x509.derive(text, v.parse(x509.options, {}), this.#keys(key)));
	}

	/** Renews the value of a key. */
	async renew(key: string, options: object = {}): Promise<string> {
		return this.#put(key, await x509.lifetime?.renew(this.get(key), v.parse(x509.options, options), this.#keys(key)));
	}

	#put(key: string, value = ""): string {
		this.values.set(key, value);
		return value;
	}

	#keys(own: string): Keys {
		return { own, read: async (key) => this.values.get(key), now: () => this.clock() };
	}
}

/** A part of a value, as `--render` gives it. */
export async function part(
	name: "certonly" | "keyonly" | "publickeyonly" | "fullchain",
	value: string,
): Promise<string> {
	return (await x509.render?.[name]?.(value)) ?? "";
}

/** The certificate of a value's own key. */
export const leafOf = (value: string) => new X509Certificate(value);

/** The private key of a value. */
export const keyOf = (value: string) => createPrivateKey(value);

/** Whether the certificate of a value is that of its private key. */
export const pairs = (value: string) => leafOf(value).checkPrivateKey(keyOf(value));

/** What the blocks of a PEM text say that they are. */
export const labels = (text: string) => [...text.matchAll(/^-----BEGIN (.+)-----$/gm)].map(([, label]) => label);

/** The error with which a format refuses to make something. */
export async function refusal(made: Promise<unknown>): Promise<FormatError> {
	const error = await made.catch((error: unknown) => error);
	if (error instanceof FormatError) return error;
	return expect.fail(`not refused: ${error}`);
}

/** A store with a root, a CA below it, and a certificate of that one. */
export async function chained(): Promise<CertificateStore> {
	const store = new CertificateStore();
	await store.make("root", { become_ca: true, days: 3650 });
	await store.make("sub", { become_ca: true, ca: "root", days: 1825 });
	await store.make("www.example.com", { ca: "sub" });
	return store;
}

export const DAY = 86_400_000;
