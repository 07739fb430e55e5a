import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { BackendError, type Swap } from "../backend.js";
import type { Patience } from "../server/patience.js";
import type { VaultClient } from "./client.js";
import { type Mount, missingRights } from "./mount.js";
import type { Content, Records, Stored } from "./records.js";

const PAUSE_MS = 50;
const NEVER_STORED: Stored = { text: undefined, version: 0 };

/** What changes are made with. */
export interface ChangeTools {
	readonly client: VaultClient;
	readonly records: Records;
	readonly mount: Mount;
	readonly patience: Patience;
	/** How long a node may answer with less than it compares with. */
	readonly seconds: number;
}

interface Change {
	readonly key: string;
	readonly before: string | undefined;
	readonly content: Content;
	/** What the last write named as the version that it replaces. */
	version: number;
}

/** Changes records by compare-and-set, and leaves no older text behind. */
export class Changes {
	readonly #tools: ChangeTools;
	#mayDestroy: Promise<void> | undefined;

	constructor(tools: ChangeTools) {
		this.#tools = tools;
	}

	/**
	 * A swap; where its answer is lost, what became of it is found out by reading.
	 *
	 * @throws {BackendError} `unknown` where that does not tell
	 */
	async swap({ key, before, after }: Swap): Promise<boolean> {
		const { mount, patience, records } = this.#tools;
		if (before === after) return (await patience.read(() => records.read(key))).text === before;
		const leavesText = before !== undefined && !mount.keepsOneVersion;
		if (leavesText) await patience.read(() => this.#checkDestroy());
		const change: Change = {
			key,
			before,
			content: after === undefined ? { deletion: randomUUID() } : { text: after },
			version: 0,
		};
		const isDone = await patience.swap(
			{ key, before, after },
			() => this.#attempt(change),
			() => this.#found(change),
		);
		if (isDone && leavesText) await this.#destroy(change);
		return isDone;
	}

	/**
	 * The version is read together with the text, and the write names it, so it is done only where that very text is
	 * still stored. Nothing ever takes a version away, so none of them comes twice.
	 */
	async #attempt(change: Change): Promise<boolean> {
		const { key, before, content } = change;
		const { patience, records, seconds } = this.#tools;
		const read = () => patience.read(() => records.read(key));
		// What is created has mostly never been there: then one question is enough.
		let stored = before === undefined ? NEVER_STORED : await read();
		const end = performance.now() + seconds * 1000;
		while (stored.text === before) {
			change.version = stored.version;
			if ("deletion" in content) await patience.read(() => records.mark(key));
			if (await records.write(key, stored.version, content)) return true;
			stored = await read();
			if (stored.text !== before || stored.version !== change.version) continue;
			// A standby may answer with what was stored some moments ago.
			if (performance.now() > end) throw this.#behind(key);
			await wait(PAUSE_MS);
		}
		return false;
	}

	/**
	 * The text that is stored, after a write whose answer was lost. That it is the one before does not tell that the write
	 * was not done, unless the version is too; nor that there is none, that it was this deletion.
	 */
	async #found({ key, before, content, version }: Change): Promise<string | undefined> {
		const stored = await this.#tools.records.read(key);
		const isUndone = stored.text === before && stored.version !== version;
		const isAnothers = stored.text === undefined && "deletion" in content && stored.deletion !== content.deletion;
		if (isUndone || isAnothers) throw new Error("another process has changed it since");
		return stored.text;
	}

	/** Asked before the first change that leaves a text behind, since afterwards it is too late to refuse. */
	async #checkDestroy(): Promise<void> {
		const { client, records } = this.#tools;
		this.#mayDestroy ??= missingRights(client, records.rightToDestroy).then(([missing]) => {
			if (missing === undefined) return;
			throw new BackendError(
				"unavailable",
				`${client.server}: the token lacks ${missing}, so what is replaced or deleted would stay in an old version`,
				"Give it the policy of docs/stores.md",
			);
		});
		await this.#mayDestroy.catch((error) => {
			this.#mayDestroy = undefined;
			throw error;
		});
	}

	/** The change is made, whatever becomes of this; the key's next change destroys what is left. */
	async #destroy({ key, version, content }: Change): Promise<void> {
		const { patience, records } = this.#tools;
		await patience.read(() => records.destroy(key, version, "deletion" in content)).catch(() => {});
	}

	#behind(key: string): BackendError {
		return new BackendError(
			"busy",
			`${this.#tools.client.server} answers with an older version of ${JSON.stringify(key)} than it compares with`,
			"Name the active node in store_options.url: this one reads from a copy that is behind",
			key,
		);
	}
}
