import { statSync } from "node:fs";
import type { Config } from "../config/config.js";
import { storeFile } from "../config/store.js";
import { TroclaError } from "../errors.js";
import { type OpenSettings, openConfigured } from "../open.js";
import type { Trocla } from "../trocla.js";

/**
 * The store, held open: once for what only reads and once for what may write. A SQLite connection does one thing after
 * the other, so that a write that waits for another process would have the reads wait too.
 */
export class OpenStore {
	readonly reads: Trocla;
	readonly writes: Trocla;
	readonly #file: string | undefined;
	readonly #opened: string | undefined;
	#users = 0;
	#idle: (() => void) | undefined;

	private constructor(reads: Trocla, writes: Trocla, file: string | undefined) {
		this.reads = reads;
		this.writes = writes;
		this.#file = file;
		this.#opened = file && identity(file);
	}

	/** @throws {TroclaError} `store`, `damaged`, `ring` */
	static async open(config: Config, settings: OpenSettings): Promise<OpenStore> {
		const writes = await openConfigured(config, settings);
		const file = storeFile(config.store);
		if (file === undefined) return new OpenStore(writes, writes, undefined);
		try {
			return new OpenStore(await openConfigured(config, { ...settings, create: false }), writes, file);
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

	/** Closes it when nobody uses it any more. */
	async close(): Promise<void> {
		if (this.#users > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
		await this.writes.close();
		if (this.reads !== this.writes) await this.reads.close();
	}

	/**
	 * Keeps it open until what this gives is called.
	 *
	 * @throws {TroclaError} `store` where it is gone
	 */
	hold(): () => void {
		this.#refuseGone();
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

	#refuseGone(): void {
		if (this.isInPlace) return;
		throw new TroclaError("store", "the store is gone from its place", "It is opened again as soon as it is back");
	}
}

function identity(file: string): string | undefined {
	const found = statSync(file, { throwIfNoEntry: false });
	return found && `${found.dev}:${found.ino}`;
}
