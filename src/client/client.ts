import { isRegExp } from "node:util/types";
import type { TroclaCalls } from "../calls.js";
import type { DaemonPlace } from "../config/server.js";
import type { KeyDescription } from "../describe.js";
import { TroclaError } from "../errors.js";
import { checkKey, checkPassword } from "../input.js";
import { checkMembers } from "../members.js";
import { literalPrefix } from "../records/literal-prefix.js";
import type { Options, Values } from "../records/record.js";
import { isMap } from "../value.js";
import { type Asked, Connection } from "./connection.js";
import { connectionFault, isCut, noDaemon } from "./faults.js";
import { type Entry, Gathering } from "./gathering.js";
import { handOut, valuesOf } from "./hand-out.js";
import { BrokenList, readKeys } from "./key-list.js";
import { checkSendable } from "./sendable.js";

/**
 * A daemon's store, with the calls that a store on this machine has; what the rules there don't allow is `forbidden`.
 *
 * A daemon that is away, too slow, or no daemon is a TroclaError `server`, and no call waits longer for it than the
 * configuration says. Where a connection ends in the middle, a change may have been made or not.
 */
export class TroclaClient implements TroclaCalls, AsyncDisposable {
	readonly #connection: Connection;
	readonly #creating: Gathering;
	readonly #getting: Gathering;

	private constructor(connection: Connection) {
		this.#connection = connection;
		this.#creating = new Gathering("/v1/create", connection);
		this.#getting = new Gathering("/v1/get", connection);
	}

	/**
	 * @internal
	 * @throws {TroclaError} `config`
	 */
	static async to(place: DaemonPlace, warn: (message: string) => void): Promise<TroclaClient> {
		return new TroclaClient(await Connection.to(place, warn));
	}

	async get(
		key: string,
		format: string,
		options: Options = {},
		settings: { readonly renewBefore?: number } = {},
	): Promise<string> {
		checkKey(key);
		await checkMembers(settings, "get", { renewBefore: ["number"] });
		const { renewBefore } = settings;
		if (renewBefore !== undefined && !(Number.isSafeInteger(renewBefore) && renewBefore >= 0)) {
			throw new TroclaError("invalid", `renewBefore can't be ${renewBefore}`, "It is a whole number of seconds");
		}
		checkSendable(options, ["key", "format", "renew_before"]);
		const entry: Entry = { ...options, key, format: String(format) };
		return await this.#creating.ask(renewBefore === undefined ? entry : { ...entry, renew_before: renewBefore });
	}

	async peek(key: string, format: string, options: Options = {}): Promise<string | undefined> {
		checkKey(key);
		checkSendable(options, ["key", "format"]);
		return await unlessMissing(this.#getting.ask({ ...options, key, format: String(format) }));
	}

	async set(
		key: string,
		format: string,
		password: string,
		options: Options = {},
		settings: { readonly raw?: boolean } = {},
	): Promise<string> {
		checkKey(key);
		checkPassword(password);
		await checkMembers(settings, "set", { raw: ["boolean"] });
		checkSendable(options, ["value", "raw"]);
		const body = { ...options, value: password, ...settings };
		return await this.#value({ method: "PUT", path: valuePath(key, format), body });
	}

	async reset(key: string, format: string, options: Options = {}): Promise<string> {
		checkKey(key);
		checkSendable(options, []);
		return await this.#value({ method: "PATCH", path: valuePath(key, format), body: options });
	}

	async delete(key: string, format?: string, settings: { readonly force?: boolean } = {}): Promise<Values | undefined> {
		checkKey(key);
		await checkMembers(settings, "delete", { force: ["boolean"] });
		const path = `${removalPath(key, format ?? "all")}?force=${settings.force === true}`;
		return await unlessMissing(this.#ask({ method: "DELETE", path }).then(valuesOf));
	}

	async handOut(
		key: string,
		deliver: (values: Values) => void | Promise<void>,
		settings: { readonly format?: string; readonly force?: boolean } = {},
	): Promise<void> {
		checkKey(key);
		if (typeof deliver !== "function") throw new TroclaError("invalid", "handOut takes a function that delivers");
		await checkMembers(settings, "handOut", { format: ["string"], force: ["boolean"] });
		const { format = "plain", force = false } = settings;
		const path = `${removalPath(key, format)}?receipt=true&force=${force}`;
		await handOut(this.#connection, { key, format, path }, deliver);
	}

	async verify(key: string, password: string, format?: string): Promise<string | undefined> {
		checkKey(key);
		checkPassword(password);
		const path = `/v1/verify/${word(key)}${format === undefined ? "" : `/${word(format)}`}`;
		const { match } = await this.#ask({ method: "POST", path, body: { password }, repeatable: true });
		return typeof match === "string" ? match : undefined;
	}

	async *search(pattern: RegExp): AsyncGenerator<string> {
		if (!isRegExp(pattern))
			throw new TroclaError("invalid", "search takes a regular expression", "As in: search(/^db-/)");
		const { source, flags } = pattern;
		// The daemon reads a pattern as one with the flag u; what means something else is matched here.
		const isSame = /^[dgy]*u[dgy]*$/.test(flags) && source.isWellFormed();
		const asked = isSame ? source : `^${literalPrefix(pattern).replace(/[\\^$.*+?()[\]{}|/-]/g, escaped)}`;
		const own = isSame ? undefined : new RegExp(source, flags.replace(/[gy]/g, ""));
		for await (const key of this.#found(`/v1/search/${word(asked)}`)) if (!own || own.test(key)) yield key;
	}

	/**
	 * The keys of a search. The daemon ends it where nobody reads it for some seconds, as while whoever takes the keys is
	 * busy with them: it is asked again then, for those behind the last one.
	 */
	async *#found(path: string): AsyncGenerator<string> {
		const { place } = this.#connection;
		let last = Buffer.alloc(0);
		for (;;) {
			let hasMore = false;
			try {
				for await (const key of readKeys(this.#connection.pieces({ method: "GET", path, repeatable: true }))) {
					const bytes = Buffer.from(key);
					// They come in the order of their bytes.
					if (bytes.compare(last) <= 0) continue;
					last = bytes;
					hasMore = true;
					yield key;
				}
				return;
			} catch (error) {
				if (hasMore && isCut(error)) continue;
				if (!(error instanceof BrokenList)) throw error;
				throw error.isBegun ? connectionFault(place, error) : noDaemon(place, 200);
			}
		}
	}

	async formats(key?: string): Promise<string[]> {
		if (key !== undefined) checkKey(key);
		const path = key === undefined ? "/v1/formats" : `/v1/formats/${word(key)}`;
		const answer = await unlessMissing(this.#ask({ method: "GET", path, repeatable: true }));
		return Array.isArray(answer?.formats) ? answer.formats.map(String) : [];
	}

	async show(key: string): Promise<KeyDescription | undefined> {
		checkKey(key);
		const answer = await unlessMissing(this.#ask({ method: "GET", path: `/v1/show/${word(key)}`, repeatable: true }));
		if (!answer) return undefined;
		const { success: _, warnings: __, ...description } = answer;
		// It is what the daemon's own `show` gave.
		return description as unknown as KeyDescription;
	}

	async close(): Promise<void> {
		this.#connection.close();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	async #value(asked: Asked): Promise<string> {
		const { value } = await this.#ask(asked);
		if (typeof value === "string") return value;
		throw noDaemon(this.#connection.place, 200);
	}

	async #ask(asked: Asked): Promise<{ readonly [name: string]: unknown }> {
		const answer = await this.#connection.ask(asked);
		if (isMap(answer)) return answer;
		throw noDaemon(this.#connection.place, 200);
	}
}

/** Half a surrogate pair, which no URL can have, is in nothing that there is. */
const word = (text: unknown) => encodeURIComponent(String(text).toWellFormed());
const valuePath = (key: string, format: unknown) => `/v1/key/${word(key)}/${word(format)}`;
const removalPath = (key: string, format: string) =>
	format === "all" ? `/v1/key/${word(key)}` : valuePath(key, format);
const escaped = (character: string) => `\\${character}`;

/** What is not stored is no error where one only looks. */
async function unlessMissing<Result>(asked: Promise<Result>): Promise<Result | undefined> {
	try {
		return await asked;
	} catch (error) {
		if (error instanceof TroclaError && error.code === "not_found") return undefined;
		throw error;
	}
}
