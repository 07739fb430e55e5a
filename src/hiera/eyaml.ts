import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { DataError, type Place } from "./data-error.js";
import type { Entry } from "./data-files.js";
import type { HieraReader } from "./hiera.js";
import { interpolate } from "./interpolate.js";
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
	const decrypted = new Decrypted();
	return (lookup) => async (key, level, location, journey) => {
		const entry = location?.file?.entry(key);
		if (!entry) return NOT_FOUND;
		const place = { file: entry.file, line: entry.line, key };
		const decryption = new Decryption(level.options, keys, env, place);
		const value = await decrypted.value(entry, decryption);
		return await interpolate(value, { ...journey, place }, lookup);
	};
}

/** What was decrypted with a key, so that it is not for each host again. */
class Decrypted {
	readonly #values = new Map<string, WeakMap<Entry, Promise<Value>>>();

	value(entry: Entry, decryption: Decryption): Promise<Value> {
		const values = this.#values.get(decryption.keyName) ?? new WeakMap<Entry, Promise<Value>>();
		this.#values.set(decryption.keyName, values);
		const value = values.get(entry) ?? decryption.value(entry.value);
		values.set(entry, value);
		return value;
	}
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

	/** Where the private key is: a path, or a variable of the environment with a dollar sign. */
	get keyName(): string {
		return privateKeyOf(this.#options, this.#env);
	}

	/** What needs no decryption is the same object afterwards. */
	async value(value: Value): Promise<Value> {
		if (typeof value === "string") return await this.#text(value);
		if (isArray(value)) {
			const list: Value[] = [];
			for (const item of value) list.push(await this.value(item));
			return list.every((item, index) => Object.is(item, value[index])) ? value : list;
		}
		if (!isHash(value)) return value;
		let changed: Map<Value, Value> | undefined;
		for (const [key, member] of value) {
			const plain = await this.value(member);
			if (Object.is(plain, member)) continue;
			changed ??= new Map(value);
			changed.set(key, plain);
		}
		return changed ?? value;
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
		const name = this.keyName;
		if (name.startsWith("$")) return this.#parse(this.#env[name.slice(1)] ?? "", name);
		const known = this.#keys.get(name);
		if (known) return await known;
		const key = readFile(name, "utf8").then(
			(pem) => this.#parse(pem, name),
			(error: Error) => {
				throw this.#fail(`the private key ${name} can't be read: ${error.message}`, "Name it in the level's options");
			},
		);
		this.#keys.set(name, key);
		return await key;
	}

	#parse(pem: string, where: string): KeyObject {
		try {
			return createPrivateKey(pem);
		} catch {
			throw this.#fail(`${where} is no private key in PEM without a passphrase`, "Make one with: eyaml createkeys");
		}
	}

	#fail(message: string, hint?: string): DataError {
		return new DataError(this.#place, message, hint);
	}
}

/** Where a level's private key is: its path, or the variable of the environment that has it, with a dollar sign. */
export function privateKeyOf(options: Hash, env: { readonly [name: string]: string | undefined }): string {
	const text = (name: string) => {
		const value = options.get(name);
		return typeof value === "string" ? value : undefined;
	};
	const variable = text("pkcs7_private_key_env_var");
	if (variable !== undefined && env[variable]) return `$${variable}`;
	return resolve(text("pkcs7_private_key") ?? DEFAULT_KEY);
}
