import * as v from "valibot";
import type { Keys } from "../../formats/format.js";
import { x509 } from "../../formats/x509.js";

/** A store in memory that holds x509 values only, with a clock that a test can set. */
export class CertificateStore {
	readonly values = new Map<string, string>();
	clock: () => Date = () => new Date();

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
		const old = this.values.get(key) ?? "";
		return this.#put(key, await x509.lifetime?.renew(old, v.parse(x509.options, options), this.#keys(key)));
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
