import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { DataError, type Place } from "./data-error.js";
import type { HieraReader, Inner } from "./hiera.js";
import { interpolate, type Journey } from "./interpolate.js";
import { NOT_FOUND } from "./key.js";
import { decryptPkcs7, Pkcs7Error } from "./pkcs7.js";
import { type Hash, isArray, isHash, type Value } from "./value.js";

const BLOCK = /ENC\[(?:(\w+),)?([a-zA-Z0-9+/ =\n]+?)\]/g;
const DEFAULT_KEY = "./keys/private_key.pkcs7.pem";

/**
 * The backend `eyaml_lookup_key`: YAML files in which texts have encrypted parts, `ENC[PKCS7,...]`. The level's options
 * name the private key, as a file (`pkcs7_private_key`) or a variable of the environment (`pkcs7_private_key_env_var`); it
 * is read when the first encrypted value is asked for.
 */
export function eyamlReader(env: { readonly [name: string]: string | undefined }): HieraReader {
	const keys = new Map<string, Promise<KeyObject>>();
	return (lookup) => async (key, level, location, journey) => {
		const entry = location?.file?.entry(key);
		if (!entry) return NOT_FOUND;
		const place = { file: entry.file, line: entry.line, key };
		const decryption = new Decryption(level.options, keys, env, place);
		return await decryption.value(entry.value, { ...journey, place }, lookup);
	};
}

/** The decryption of one key's value. */
class Decryption {
	readonly #options: Hash;
	readonly #keys: Map<string, Promise<KeyObject>>;
	readonly #env: { readonly [name: string]: string | undefined };
	readonly #place: Place;

	constructor(
		options: Hash,
		keys: Map<string, Promise<KeyObject>>,
		env: { readonly [name: string]: string | undefined },
		place: Place,
	) {
		this.#options = options;
		this.#keys = keys;
		this.#env = env;
		this.#place = place;
	}

	async value(value: Value, journey: Journey, lookup: Inner): Promise<Value> {
		if (typeof value === "string") return await interpolate(await this.#text(value), journey, lookup);
		if (isArray(value)) {
			const list: Value[] = [];
			for (const item of value) list.push(await this.value(item, journey, lookup));
			return list;
		}
		if (!isHash(value)) return value;
		const map = new Map<Value, Value>();
		for (const [key, member] of value) {
			map.set(await interpolate(key, journey, lookup), await this.value(member, journey, lookup));
		}
		return map;
	}

	async #text(text: string): Promise<string> {
		if (!/ENC\[.*?\]/.test(text)) return text;
		let plain = "";
		let end = 0;
		for (const match of text.matchAll(BLOCK)) {
			const [block, scheme = "PKCS7", encrypted = ""] = match;
			plain += text.slice(end, match.index) + (await this.#decrypt(scheme, encrypted));
			end = match.index + block.length;
		}
		return (plain + text.slice(end)).replace(/(?:\r\n|\n|\r)$/, "");
	}

	async #decrypt(scheme: string, encrypted: string): Promise<string> {
		if (scheme.toUpperCase() !== "PKCS7") {
			throw this.#fail(`trocla can't decrypt ${scheme}`, "Encrypt it with: eyaml encrypt -n pkcs7");
		}
		const key = await this.#key();
		try {
			const bytes = decryptPkcs7(Buffer.from(encrypted, "base64"), key);
			return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
		} catch (error) {
			const why = error instanceof Pkcs7Error ? error.message : "what is in it is not UTF-8";
			throw this.#fail(`its encrypted value can't be read: ${why}`);
		}
	}

	/** The private key, read once for all values. */
	async #key(): Promise<KeyObject> {
		const variable = this.#option("pkcs7_private_key_env_var");
		const inEnvironment = variable === undefined ? undefined : this.#env[variable];
		if (inEnvironment) return this.#parse(inEnvironment, `$${variable}`);
		const path = resolve(this.#option("pkcs7_private_key") ?? DEFAULT_KEY);
		const known = this.#keys.get(path);
		if (known) return await known;
		const key = readFile(path, "utf8").then(
			(pem) => this.#parse(pem, path),
			(error: Error) => {
				throw this.#fail(`the private key ${path} can't be read: ${error.message}`, "Name it in the level's options");
			},
		);
		this.#keys.set(path, key);
		return await key;
	}

	#parse(pem: string, where: string): KeyObject {
		try {
			return createPrivateKey(pem);
		} catch {
			throw this.#fail(`${where} is no private key in PEM without a passphrase`, "Make one with: eyaml createkeys");
		}
	}

	#option(name: string): string | undefined {
		const value = this.#options.get(name);
		return typeof value === "string" ? value : undefined;
	}

	#fail(message: string, hint?: string): DataError {
		return new DataError(this.#place, message, hint);
	}
}
