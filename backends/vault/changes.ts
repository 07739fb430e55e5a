import { setTimeout as wait } from "node:timers/promises";
import { BackendError, type Swap } from "../backend.js";
import type { Patience } from "../server/patience.js";
import type { VaultClient } from "./client.js";
import { type Mount, missingRights } from "./mount.js";
import type { Records, Stored } from "./records.js";

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

/** Changes records by compare-and-set, and leaves no older text behind. */
export class Changes {
	readonly #tools: ChangeTools;
	#mayDestroy: Promise<void> | undefined;

	constructor(tools: ChangeTools) {
		this.#tools = tools;
	}

	/**
	 * One swap, whose answer may be lost.
	 *
	 * The version is read together with the text, and the write names it, so it is done only where that very text is
	 * still stored. Nothing ever takes a version away, so none of them comes twice.
	 */
	async swap({ key, before, after }: Swap): Promise<boolean> {
		const { records } = this.#tools;
		if (before === after) return (await records.read(key)).text === before;
		const leavesText = before !== undefined && !this.#tools.mount.keepsOneVersion;
		if (leavesText) await this.#checkDestroy();
		// What is created has mostly never been there: then one question is enough.
		const first = before === undefined ? NEVER_STORED : await records.read(key);
		const replaced = first.text === before ? await this.#replace(first, { key, before, after }) : undefined;
		if (replaced === undefined) return false;
		if (leavesText) await this.#destroy(key, replaced, after === undefined);
		return true;
	}

	/** The version that was replaced; `undefined` where another text than `before` is stored. */
	async #replace(first: Stored, { key, before, after }: Swap): Promise<number | undefined> {
		const { records, seconds } = this.#tools;
		const end = performance.now() + seconds * 1000;
		for (let { version } = first; ; ) {
			if (await records.write(key, version, after)) return version;
			const stored = await records.read(key);
			if (stored.text !== before) return undefined;
			// A standby may answer with what was stored some moments ago.
			if (stored.version === version) {
				if (performance.now() > end) throw this.#behind(key);
				await wait(PAUSE_MS);
			}
			version = stored.version;
		}
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
	async #destroy(key: string, version: number, isGone: boolean): Promise<void> {
		const { patience, records } = this.#tools;
		await patience.read(() => records.destroy(key, version, isGone)).catch(() => {});
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
