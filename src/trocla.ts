import { isRegExp } from "node:util/types";
import type { FormatName } from "../formats/index.js";
import type { KeyDescription } from "./describe.js";
import { TroclaError } from "./errors.js";
import { checkFormat, checkKey, checkPassword } from "./input.js";
import { Maker, type TroclaSettings } from "./maker.js";
import { checkMembers } from "./members.js";
import type { Asked, Peeked } from "./peek-many.js";
import type { StoreEvent } from "./records/change.js";
import { generated, valuesOf, without } from "./records/changes.js";
import { isClaimed, refuseClaimed } from "./records/claims.js";
import type { Options, Values } from "./records/record.js";
import type { Fault, RecordStore } from "./records/store.js";
import { notFound, quote } from "./refusals.js";
import { isEmpty } from "./value.js";

/**
 * The store of passwords. Several processes may use one at once; each change is one compare-and-set, and a call that
 * fails has changed nothing.
 *
 * A key is 1 to 512 bytes of text without control characters, a format one of `formats()`; anything else is a
 * TroclaError `invalid`. All methods may also throw `store` and `damaged`.
 */
export class Trocla implements AsyncDisposable {
	readonly #records: RecordStore;
	readonly #settings: TroclaSettings;
	#closed = false;

	/** @internal Programs open one with `openTrocla`. */
	constructor(records: RecordStore, settings: TroclaSettings) {
		this.#records = records;
		this.#settings = settings;
	}

	/**
	 * The same store, used for somebody else, whom its audit names and who hears its warnings. It is closed with this one.
	 *
	 * @internal
	 */
	onBehalfOf(client: string, warn: (message: string) => void): Trocla {
		return new Trocla(this.#records.onBehalfOf(client, warn), { ...this.#settings, warn });
	}

	/** @internal Audits what is no change of a key. */
	async note(event: StoreEvent): Promise<void> {
		await this.#records.note(event);
	}

	/**
	 * The value of a key in a format: the stored one; or derived from the stored plaintext; or of a new random
	 * plaintext. What was made is stored before it is returned.
	 *
	 * @param options - how to make what is not stored yet; other ones than a stored value has are warned of
	 * @param renewBefore - seconds: a value that ends by itself (a certificate) is made anew where it has less left
	 * @throws {TroclaError} `no_plaintext` where it would take a plaintext that was handed out, or never was stored;
	 *   `claimed` for a plaintext that is just being handed out; `unhashable`
	 */
	async get(
		key: string,
		format: string,
		options: Options = {},
		settings: { readonly renewBefore?: number } = {},
	): Promise<string> {
		checkKey(key);
		const name = await checkFormat(format, this.#settings.formats);
		if (!isEmpty(settings)) await checkMembers(settings, "get", { renewBefore: ["number"] });
		const { renewBefore } = settings;
		if (renewBefore !== undefined) {
			await (await import("./renew.js")).checkRenewal(this.#settings.formats, name, renewBefore);
		}
		const maker = this.#maker(key, name);
		const asked = isEmpty(options) ? undefined : await maker.resolve(options);
		const part = asked && (await maker.renderer(asked));
		const value = await this.#records.change(key, "get", async (record) => {
			const stored = record?.formats[name];
			if (!record || !stored) return await maker.make(record, asked ?? (await maker.resolve({})));
			if (name === "plain" && isClaimed(record, name)) refuseClaimed(key, record);
			if (renewBefore !== undefined) {
				const renewed = await maker.renew(record, options, renewBefore);
				if (renewed) return renewed;
			}
			if (!asked) return { result: stored.value };
			const { storedOtherwise } = await import("./stored-otherwise.js");
			return { result: stored.value, warning: storedOtherwise(key, name, record, asked) };
		});
		return part ? await part(value) : value;
	}

	/**
	 * The stored value of a key in a format, or `undefined`; makes nothing.
	 *
	 * @param options - which part of the value, as `{ render: "certonly" }`; the others are checked, and make no difference
	 */
	async peek(key: string, format: string, options: Options = {}): Promise<string | undefined> {
		checkKey(key);
		const name = await checkFormat(format, this.#settings.formats);
		const maker = this.#maker(key, name);
		const part = isEmpty(options) ? undefined : await maker.renderer(await maker.resolve(options));
		const record = await this.#records.read(key);
		if (record && name === "plain" && record.formats.plain && isClaimed(record, name)) refuseClaimed(key, record);
		const value = record?.formats[name]?.value;
		return part && value !== undefined ? await part(value) : value;
	}

	/**
	 * What `peek` gives for each of these, and when it was stored; in their order, `undefined` for what is not stored. A
	 * record that can't be read has its error in its place, as a plaintext that is being handed out has, and stops no
	 * other. Each key is read once, and of their records some hundred are in memory at a time.
	 *
	 * @throws {TroclaError} `ring`, `config` where it is no record that is at fault, but what all are read with
	 */
	async peekMany(asked: readonly Asked[]): Promise<(Peeked | undefined)[]> {
		const { peekMany } = await import("./peek-many.js");
		return await peekMany(this.#records, this.#settings.formats, asked);
	}

	/**
	 * Stores a password in a format and returns the stored value. `plain` replaces the old plaintext, all that was derived
	 * from it, and the key's expiry; another format is derived from the password and stored beside the others; a key pair
	 * or a certificate is taken in as it is. A password that is stored already stays as it is, and of a plaintext the
	 * hashes that belong to it; a claim of it ends.
	 *
	 * @param raw - the password is not hashed: it is the value itself
	 * @throws {TroclaError} `unhashable`
	 */
	async set(
		key: string,
		format: string,
		password: string,
		options: Options = {},
		settings: { readonly raw?: boolean } = {},
	): Promise<string> {
		checkKey(key);
		const name = await checkFormat(format, this.#settings.formats);
		checkPassword(password);
		await checkMembers(settings, "set", { raw: ["boolean"] });
		const { raw = false } = settings;
		const maker = this.#maker(key, name);
		const resolved = await maker.resolve(options);
		const { setPassword } = await import("./set.js");
		const { formats } = this.#settings;
		return await setPassword(this.#records, { formats, keys: maker.keys, format: name, password, raw, resolved });
	}

	/**
	 * Makes a stored value anew: `plain` gets a new random plaintext, which drops the hashes of the old one; a hash is
	 * derived again from the same plaintext; a key pair or a certificate is another one. What was asked for when it was
	 * made is asked for again, the options go over it.
	 *
	 * @throws {TroclaError} `no_plaintext`, `unhashable`; the old value then is still stored
	 */
	async reset(key: string, format: string, options: Options = {}): Promise<string> {
		checkKey(key);
		const name = await checkFormat(format, this.#settings.formats);
		const { formats } = this.#settings;
		const maker = this.#maker(key, name);
		const part = await maker.renderer(await maker.resolve(options, () => {}));
		const value = await this.#records.change(key, "reset", async (record) => {
			const old = record && name === "plain" ? { ...record, formats: generated(record, formats) } : record;
			return await maker.make(old, await maker.resolveAgain(record, options));
		});
		return part ? await part(value) : value;
	}

	/**
	 * Removes a format of a key, or all of it (without a format, or `all`), and returns what was stored; `undefined` where there was nothing.
	 * A plaintext that must not get lost on its way is better handed out.
	 *
	 * @param force - also where it is claimed, unless by a process on this host that lives; the whole key also where its
	 *   record is damaged, and then what is returned is empty
	 * @throws {TroclaError} `claimed`
	 */
	async delete(key: string, format?: string, settings: { readonly force?: boolean } = {}): Promise<Values | undefined> {
		checkKey(key);
		const name =
			format === undefined || format === "all" ? undefined : await checkFormat(format, this.#settings.formats);
		await checkMembers(settings, "delete", { force: ["boolean"] });
		const { force = false } = settings;
		if (force && name === undefined && (await this.#records.dropDamaged(key))) return {};
		return await this.#records.change(key, "delete", async (record) => {
			const values = valuesOf(record, name);
			if (!record || !values) return { result: undefined };
			if (isClaimed(record, name)) refuseClaimed(key, record, force);
			return { result: values, write: without(record, values, this.#settings.now()) };
		});
	}

	/**
	 * Hands values out at most once, and loses none: claims them, delivers them, removes them. Where `deliver` throws,
	 * the claim is undone and they stay; a process that dies in between leaves them stored and claimed.
	 *
	 * @param deliver - gets the values by format; when it returns they are in safe hands
	 * @param format - `plain` unless told; `all` for the whole key
	 * @param force - also where they are claimed, unless by a process on this host that lives; `all` also removes a damaged
	 *   record, with a warning, and delivers nothing
	 * @throws {TroclaError} `not_found`; `claimed`; `undelivered` where `deliver` threw, with its error as the cause
	 */
	async handOut(
		key: string,
		deliver: (values: Values) => void | Promise<void>,
		settings: { readonly format?: string; readonly force?: boolean } = {},
	): Promise<void> {
		checkKey(key);
		if (typeof deliver !== "function") throw new TroclaError("invalid", "handOut takes a function that delivers");
		await checkMembers(settings, "handOut", { format: ["string"], force: ["boolean"] });
		const { format = "plain", force = false } = settings;
		const name = format === "all" ? undefined : await checkFormat(format, this.#settings.formats);
		const { handOut } = await import("./hand-out.js");
		const { now, warn } = this.#settings;
		if (force && name === undefined && (await this.#records.dropDamaged(key))) {
			warn(`the record of ${quote(key)} was damaged: it is removed, and there was nothing to hand out`);
			return;
		}
		await handOut(this.#records, { key, format: name, force, now, warn }, deliver);
	}

	/**
	 * Whether a password is the key's, in one format or in any that is stored, best first: the name of the format that
	 * it matches, else `undefined`.
	 *
	 * @throws {TroclaError} `not_found` where nothing is stored to verify against
	 */
	async verify(key: string, password: string, format?: string): Promise<string | undefined> {
		checkKey(key);
		const { formats } = this.#settings;
		const wanted =
			format === undefined
				? formats.names.filter((name) => !formats.generates(name))
				: [await checkFormat(format, formats)];
		checkPassword(password);
		const record = await this.#records.read(key);
		const { matches } = await import("./derive.js");
		const present = wanted.filter((name) => record?.formats[name]);
		if (present.length === 0) throw notFound(key, format);
		let undecided: unknown;
		for (const name of present) {
			const stored = record?.formats[name];
			try {
				if (stored && (await matches({ formats, key, name }, password, stored))) return name;
			} catch (error) {
				// One that this machine can't verify does not keep the others from it.
				undecided ??= error;
			}
		}
		if (undecided !== undefined) throw undecided;
		return undefined;
	}

	/** The keys that match, in the order of their UTF-8 bytes, in constant memory. */
	search(pattern: RegExp): AsyncIterable<string> {
		if (!isRegExp(pattern))
			throw new TroclaError("invalid", "search takes a regular expression", "As in: search(/^db-/)");
		return this.#records.search(pattern);
	}

	/** The formats that are stored of a key (none where it is not stored); without a key, all that there are. */
	async formats(key?: string): Promise<string[]> {
		if (key === undefined) return [...this.#settings.formats.names];
		checkKey(key);
		return Object.keys((await this.#records.read(key))?.formats ?? {});
	}

	/** What is stored of a key, without its values; `undefined` where it is not stored. */
	async show(key: string): Promise<KeyDescription | undefined> {
		checkKey(key);
		const record = await this.#records.read(key);
		if (!record) return undefined;
		const { describe } = await import("./describe.js");
		return await describe(key, record, this.#settings.formats);
	}

	/** Deletes the expired keys and gives them; `seen` hears how many were looked at so far. */
	async *prune(
		settings: { readonly dryRun?: boolean; readonly seen?: (keys: number) => void } = {},
	): AsyncGenerator<string> {
		await checkMembers(settings, "prune", { dryRun: ["boolean"], seen: ["function"] });
		const { dryRun = false, seen = () => {} } = settings;
		yield* this.#records.prune(dryRun, seen);
	}

	/** All that is wrong with what is stored; `seen` hears how many keys were looked at so far. */
	faults(seen: (keys: number) => void = () => {}): AsyncIterable<Fault> {
		return this.#records.faults(seen);
	}

	/**
	 * @internal The same store, for calls that show what they would do: what they change is not stored. It lives as long as
	 * this one, and needs no closing.
	 */
	rehearsal(): Trocla {
		return new Trocla(this.#records.unstored(), this.#settings);
	}

	async close(): Promise<void> {
		this.#closed = true;
		await this.#records.close();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	#maker(key: string, name: FormatName): Maker {
		return new Maker({ key, name, records: this.#records, isClosed: () => this.#closed }, this.#settings);
	}
}
