import { statSync } from "node:fs";
import type { Config } from "../config/config.js";
import { storeFile } from "../config/store.js";
import { TroclaError } from "../errors.js";
import { type OpenSettings, openConfigured } from "../open.js";
import type { OptionPolicy } from "../options/profiles.js";
import type { Trocla } from "../trocla.js";

/**
 * The store, held open: once for what only reads and once for what may write. A SQLite connection does one thing after
 * the other, so that a write that waits for another process would have the reads wait too.
 */
export class OpenStore {
	readonly reads: Trocla;
	readonly writes: Trocla;
	/** What its values are made by. */
	readonly policy: OptionPolicy;
	readonly #file: string | undefined;
	readonly #opened: string | undefined;
	#users = 0;
	#looked = false;
	#idle: (() => void) | undefined;

	private constructor({ reads, writes }: { reads: Trocla; writes: Trocla }, policy: OptionPolicy, file?: string) {
		this.reads = reads;
		this.writes = writes;
		this.policy = policy;
		this.#file = file;
		this.#opened = file && identity(file);
	}

	/** @throws {TroclaError} `store`, `damaged`, `ring` */
	static async open(config: Config, settings: OpenSettings): Promise<OpenStore> {
		const writes = await openConfigured(config, settings);
		const file = storeFile(config.store);
		if (file === undefined) return new OpenStore({ reads: writes, writes }, config);
		try {
			const reads = await openConfigured(config, { ...settings, create: false });
			return new OpenStore({ reads, writes }, config, file);
		} catch (error) {
			await writes.close();
			throw error;
		}
	}

	/** Whether what is open is still what lies in its place: what is written into a deleted file is lost. */
	get isInPlace(): boolean {
		return this.#file === undefined || (this.#opened !== undefined && identity(this.#file) === this.#opened);
	}

	/** Reads something. */
	async read<Result>(work: (trocla: Trocla) => Promise<Result>): Promise<Result> {
		return await this.#use(async () => await work(this.reads));
	}

	/**
	 * Changes something for a client, or gives what it asked for where it is stored.
	 *
	 * @param warn - hears the store's warnings
	 * @throws {TroclaError} `store` also where it was written into a file that is not the store any more
	 */
	async write<Result>(
		{
			client: { name },
			warn,
		}: { readonly client: { readonly name: string }; readonly warn: (message: string) => void },
		work: (trocla: Trocla) => Promise<Result>,
	): Promise<Result> {
		return await this.#use(async () => {
			const result = await work(this.writes.onBehalfOf(name, warn));
			this.#refuseGone();
			return result;
		});
	}

	/**
	 * Closes it when nobody uses it any more.
	 *
	 * @param patienceMs - how long it waits for that, and how long closing it then may take; for ever, unless told
	 * @returns whether it could be closed in that time, with nobody left who uses it
	 */
	async close(patienceMs?: number): Promise<boolean> {
		const idle = this.#users === 0 ? Promise.resolve() : new Promise<void>((resolve) => (this.#idle = resolve));
		const isIdle = await within(patienceMs, idle);
		return (await within(patienceMs, this.#close())) && isIdle;
	}

	async #close(): Promise<void> {
		await this.writes.close();
		if (this.reads !== this.writes) await this.reads.close();
	}

	/**
	 * Keeps it open until what this gives is called.
	 *
	 * @throws {TroclaError} `store` where it is gone
	 */
	hold(): () => void {
		this.#refuseGoneNow();
		return this.keep();
	}

	/** The same for who may not need it: it may be gone. */
	keep(): () => void {
		this.#users++;
		return () => {
			if (--this.#users === 0) this.#idle?.();
		};
	}

	async #use<Result>(work: () => Promise<Result>): Promise<Result> {
		const release = this.hold();
		try {
			return await work();
		} finally {
			release();
		}
	}

	/** Looks once in a turn of the event loop: what is asked for at one time needs no look each. */
	#refuseGoneNow(): void {
		if (this.#looked) return;
		this.#refuseGone();
		this.#looked = true;
		setImmediate(() => (this.#looked = false));
	}

	#refuseGone(): void {
		if (this.isInPlace) return;
		throw new TroclaError("store", "the store is gone from its place", "It is opened again as soon as it is back");
	}
}

/** Whether something ends in this time; for ever, unless told. */
async function within(ms: number | undefined, work: Promise<void>): Promise<boolean> {
	if (ms === undefined) return await work.then(() => true);
	let late: NodeJS.Timeout | undefined;
	const tooLate = new Promise<boolean>((resolve) => {
		late = setTimeout(() => resolve(false), ms);
	});
	try {
		return await Promise.race([work.then(() => true), tooLate]);
	} finally {
		clearTimeout(late);
	}
}

function identity(file: string): string | undefined {
	const found = statSync(file, { throwIfNoEntry: false });
	return found && `${found.dev}:${found.ino}`;
}
