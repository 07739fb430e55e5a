import { BackendError } from "../backend.js";
import type { VaultAnswer, VaultClient } from "./client.js";
import { nameOf } from "./names.js";

/** What is stored of a key: its text, and the version that a write must name to replace it; 0 where there never was one. */
export interface Stored {
	readonly text: string | undefined;
	readonly version: number;
	/** Which deletion it was, where it was trocla's. */
	readonly deletion?: string | undefined;
}

/** What a change stores: a text, or a deletion, with a name that no other has. */
export type Content = { readonly text: string } | { readonly deletion: string };

/** Where records are: `secret` and `trocla` for `secret/data/trocla/NAME`. */
export interface Place {
	readonly mount: string;
	readonly prefix: string;
}

/** So many versions Vault keeps of a secret unless told. */
const KEPT_VERSIONS = 10;

/** A folder that no key's name is. */
const DELETED = ".deleted/";

/** Records as secrets of KV version 2, which counts the versions of each, and writes where the one before is as said. */
export class Records {
	readonly #client: VaultClient;
	readonly #place: Place;

	constructor(client: VaultClient, place: Place) {
		this.#client = client;
		this.#place = place;
	}

	async read(key: string): Promise<Stored> {
		const path = this.#path("data", nameOf(key));
		const answer = await this.#client.ask({ method: "GET", path });
		const { data, metadata } = answer.data;
		const version = Number((metadata as { version?: unknown } | undefined)?.version ?? 0);
		// A version that somebody else has deleted is there all the same, and has to be named.
		if (answer.status === 404 && answer.errors.length === 0) return { text: undefined, version };
		if (answer.status !== 200) throw this.#client.refusal(answer, path);
		const content = decode(data);
		if (!content) throw this.#damaged(key);
		return { text: undefined, ...content, version };
	}

	/**
	 * Writes where the newest version is this one, and says whether it was. What is deleted gets a version that says
	 * so: KV version 2 deletes whatever the version is, and counts anew where it has forgotten a secret.
	 */
	async write(key: string, version: number, content: Content): Promise<boolean> {
		return await this.#put(nameOf(key), version, encode(content));
	}

	/**
	 * Takes the texts of older versions out of Vault for good.
	 *
	 * @param last - the newest of them
	 * @param isGone - whether the key was deleted: then none of them may stay, whatever happened before
	 */
	async destroy(key: string, last: number, isGone: boolean): Promise<void> {
		// A process that was killed between writing and this has left one more.
		const count = Math.min(last, isGone ? KEPT_VERSIONS : 2);
		const versions = Array.from({ length: count }, (_, index) => last - index);
		const path = this.#path("destroy", nameOf(key));
		succeeded(await this.#client.ask({ method: "PUT", path, body: { versions } }), path, this.#client);
	}

	/** The names of all keys, and of all that may have been deleted, in any order. */
	async names(): Promise<{ readonly names: readonly string[]; readonly deleted: ReadonlySet<string> }> {
		const [names, deleted] = await Promise.all([this.#list(""), this.#list(DELETED)]);
		return { names: names.filter((name) => name !== DELETED), deleted: new Set(deleted) };
	}

	/** What a token must be allowed to do. */
	get rights(): { readonly [path: string]: readonly string[] } {
		return {
			[this.#path("data", "NAME")]: ["create", "read", "update"],
			...this.rightToDestroy,
			[this.#path("metadata", "")]: ["list"],
			[`${this.#place.mount}/config`]: ["read"],
		};
	}

	get rightToDestroy(): { readonly [path: string]: readonly string[] } {
		return { [this.#path("destroy", "NAME")]: ["update"] };
	}

	/** Before a key is deleted: a list of what is stored does not tell what was deleted. Marks stay, and may be too many. */
	async mark(key: string): Promise<void> {
		await this.#put(`${DELETED}${nameOf(key)}`, 0, {});
	}

	async #put(name: string, cas: number, data: unknown): Promise<boolean> {
		const path = this.#path("data", name);
		const answer = await this.#client.ask({ method: "POST", path, body: { options: { cas }, data } });
		if (answer.errors.some((error) => error.includes("did not match the current version"))) return false;
		succeeded(answer, path, this.#client);
		return true;
	}

	async #list(folder: string): Promise<readonly string[]> {
		const path = this.#path("metadata", folder);
		const answer = await this.#client.ask({ method: "GET", path: `${path}?list=true` });
		if (answer.status === 404 && answer.errors.length === 0) return [];
		succeeded(answer, path, this.#client);
		return Array.isArray(answer.data.keys) ? answer.data.keys : [];
	}

	#path(kind: "data" | "metadata" | "destroy", name: string): string {
		return `${this.#place.mount}/${kind}/${this.#place.prefix}/${name}`;
	}

	#damaged(key: string): BackendError {
		const secret = `${this.#place.mount}/${this.#place.prefix}/${nameOf(key)}`;
		return new BackendError(
			"damaged",
			`the secret ${secret} in ${this.#client.server} is not one that trocla wrote`,
			"Bring its last version back, or delete it with vault kv metadata delete if it is not trocla's",
			key,
		);
	}
}

function succeeded(answer: VaultAnswer, path: string, client: VaultClient): void {
	if (answer.status !== 200 && answer.status !== 204) throw client.refusal(answer, path);
}

/** Keyv's map of a value. A half of a surrogate pair, which Vault would replace, is escaped. */
function encode(content: Content): unknown {
	if ("deletion" in content) return { deleted: content.deletion };
	const { text } = content;
	return text.isWellFormed() ? { value: text } : { json: JSON.stringify(text) };
}

/** `undefined` where it is none of ours. */
function decode(data: unknown): Content | undefined {
	const { value, json, deleted } = (data ?? {}) as { readonly [name: string]: unknown };
	if (typeof value === "string") return { text: value };
	if (typeof json === "string") return { text: JSON.parse(json) };
	return typeof deleted === "string" ? { deletion: deleted } : undefined;
}
