import { createPrivateKey, type KeyObject } from "node:crypto";
import { resolve } from "node:path";
import type { Contents } from "./contents.js";
import { DataError, type Place } from "./data-error.js";
import type { Entry } from "./data-files.js";
import type { HieraReader } from "./hiera.js";
import { interpolate } from "./interpolate.js";
import { NOT_FOUND } from "./key.js";
import { decryptPkcs7, Pkcs7Error } from "./pkcs7.js";
import { type Hash, isArray, isHash, type Value } from "./value.js";

const BLOCK = /ENC\[(?:(\w+),)?([a-zA-Z0-9+/ =\n]+?)\]/g;
const VARIABLE = "pkcs7_private_key_env_var";
const DEFAULT_KEY = "./keys/private_key.pkcs7.pem";

/**
 * The backend `eyaml_lookup_key`: YAML files in which texts have encrypted parts, `ENC[PKCS7,...]`. The level's options
 * name the private key, as a file (`pkcs7_private_key`) or a variable of the environment (`pkcs7_private_key_env_var`); it
 * is read when the first encrypted value is asked for.
 */
export function eyamlReader(env: Environment, contents: Contents): HieraReader {
	const keys = new PrivateKeys(env, contents);
	const decrypted = new Decrypted();
	return {
		open: (lookup) => async (key, level, location, journey) => {
			const entry = location?.file?.entry(key);
			if (!entry) return NOT_FOUND;
			const place = { file: entry.file, line: entry.line, key };
			const value = await decrypted.value(entry, new Decryption(keys, keys.nameOf(level.options), place));
			return await interpolate(value, { ...journey, place }, lookup);
		},
		// A variable that is empty today need not be so in a later run.
		inputs: ({ options }) => (options.has(VARIABLE) ? undefined : [keys.nameOf(options)]),
	};
}

type Environment = { readonly [name: string]: string | undefined };

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
	readonly #keys: PrivateKeys;
	readonly #place: Place;
	readonly keyName: string;

	constructor(keys: PrivateKeys, keyName: string, place: Place) {
		this.#keys = keys;
		this.keyName = keyName;
		this.#place = place;
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
			throw new DataError(this.#place, `trocla can't decrypt ${scheme}`, "Encrypt it with: eyaml encrypt -n pkcs7");
		}
		const key = await this.#keys.read(this.keyName, this.#place);
		try {
			const bytes = decryptPkcs7(Buffer.from(encrypted, "base64"), key);
			return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
		} catch (error) {
			const why = error instanceof Pkcs7Error ? error.message : "what is in it is not UTF-8";
			throw new DataError(this.#place, `its encrypted value can't be read: ${why}`);
		}
	}
}

/** The private keys that levels name, each read once for all values. */
class PrivateKeys {
	readonly #env: Environment;
	readonly #contents: Contents;
	readonly #keys = new Map<string, Promise<KeyObject>>();

	constructor(env: Environment, contents: Contents) {
		this.#env = env;
		this.#contents = contents;
	}

	/** Where a level's key is: a path, or behind a dollar sign the variable of the environment that has it. */
	nameOf(options: Hash): string {
		const text = (name: string) => {
			const value = options.get(name);
			return typeof value === "string" ? value : undefined;
		};
		const variable = text(VARIABLE);
		return variable !== undefined && this.#env[variable]
			? `$${variable}`
			: resolve(text("pkcs7_private_key") ?? DEFAULT_KEY);
	}

	/** @param place - of the value that it is for */
	async read(name: string, place: Place): Promise<KeyObject> {
		const key = this.#keys.get(name) ?? this.#pem(name, place).then((pem) => parse(pem, name, place));
		this.#keys.set(name, key);
		return await key;
	}

	async #pem(name: string, place: Place): Promise<string> {
		if (name.startsWith("$")) return this.#env[name.slice(1)] ?? "";
		const fault = (why: string) => {
			const hint = "Name it in the level's options";
			return new DataError(place, `the private key ${name} can't be read: ${why}`, hint);
		};
		const bytes = await this.#contents.bytes(name).catch((error: Error) => {
			throw fault(error.message);
		});
		if (!bytes) throw fault("there is no such file");
		return Buffer.from(bytes).toString("utf8");
	}
}

function parse(pem: string, where: string, place: Place): KeyObject {
	try {
		return createPrivateKey(pem);
	} catch {
		const hint = "Make one with: eyaml createkeys";
		throw new DataError(place, `${where} is no private key in PEM without a passphrase`, hint);
	}
}
