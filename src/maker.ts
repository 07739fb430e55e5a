import type { Keys } from "../formats/format.js";
import type { FormatName } from "../formats/index.js";
import { TroclaError } from "./errors.js";
import type { ResolvedOptions } from "./options/options.js";
import type { OptionPolicy } from "./options/profiles.js";
import type { KeyRecord, Options } from "./records/record.js";
import type { Decision, RecordStore } from "./records/store.js";
import type { Turns } from "./turns.js";

/**
 * What a store needs besides its records.
 *
 * @internal
 */
export interface TroclaSettings extends OptionPolicy {
	readonly onHandedOut: "refuse" | "regenerate";
	/** Hears of what does not stop a call, a sentence each. */
	readonly warn: (message: string) => void;
	readonly now: () => Date;
	/** Lets values be made when it is their turn; unless told, each at once. */
	readonly turns?: Turns | undefined;
}

/** What is to be made, and where it is stored. */
interface Order {
	readonly key: string;
	readonly name: FormatName;
	readonly records: RecordStore;
	/** Whether what is made could not be stored any more. */
	readonly isClosed: () => boolean;
}

/** Makes one format of one key; the code for it is loaded when it is needed, since most calls find it stored. */
export class Maker {
	/** What the format may know of the store. */
	readonly keys: Keys;
	readonly #order: Order;
	readonly #settings: TroclaSettings;

	constructor(order: Order, settings: TroclaSettings) {
		this.#order = order;
		this.#settings = settings;
		const read = async (key: string) => (await order.records.read(key))?.formats[order.name]?.value;
		this.keys = { own: order.key, read, now: settings.now };
	}

	/**
	 * What a call's options come down to.
	 *
	 * @param warn - hears of those that mean nothing to the format
	 * @throws {TroclaError} `invalid`, `config`
	 */
	async resolve(call: Options, warn = this.#settings.warn): Promise<ResolvedOptions> {
		const { resolveForFormat } = await import("./options/options.js");
		return await resolveForFormat(this.#settings, this.#order.name, call, warn);
	}

	/** The same, over what the stored value was asked for with. */
	async resolveAgain(record: KeyRecord | undefined, call: Options): Promise<ResolvedOptions> {
		const { askAgain } = await import("./options/options.js");
		const { key, name } = this.#order;
		return await this.resolve(askAgain(this.#settings, { key, record, format: name }, call));
	}

	/** @throws {TroclaError} `no_plaintext`, `unhashable` */
	async make(record: KeyRecord | undefined, resolved: ResolvedOptions): Promise<Decision<string>> {
		const { make } = await import("./make.js");
		return await this.#inTurn(() => make(record, this.#making(resolved), this.#settings.onHandedOut));
	}

	/**
	 * What takes the place of a value that ends in less than so many seconds; `undefined` where it stays.
	 *
	 * @throws {TroclaError} `unhashable`
	 */
	async renew(record: KeyRecord, call: Options, seconds: number): Promise<Decision<string> | undefined> {
		const { renew } = await import("./renew.js");
		const resolved = await this.resolveAgain(record, call);
		return await this.#inTurn(() => renew(record, this.#making(resolved), seconds));
	}

	/** What takes the part that is asked for out of a value, where one is. */
	async renderer({ part }: ResolvedOptions): Promise<((value: string) => string | Promise<string>) | undefined> {
		if (part === undefined) return undefined;
		const { renderer } = await import("./render.js");
		const { key, name } = this.#order;
		return await renderer(this.#settings.formats, { key, name, part });
	}

	#making(resolved: ResolvedOptions) {
		return { formats: this.#settings.formats, keys: this.keys, name: this.#order.name, resolved };
	}

	async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
		const { turns } = this.#settings;
		if (!turns) return await work();
		return await turns(async () => {
			if (this.#order.isClosed()) throw new TroclaError("store", "the store was closed");
			return await work();
		});
	}
}
