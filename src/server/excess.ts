import type { Refusal } from "../records/change.js";

/** A flood is to be seen in the audit, and not to fill the disk with it. */
const PERIOD_MS = 60_000;
/** Clients that have a line of their own in a period; an address costs nothing. */
const MOST_CLIENTS = 100;

/** Has the requests audited that were refused because a client sent too many: a line for each client and minute. */
export class Excess {
	readonly #refused: (refusal: Refusal) => Promise<void>;
	readonly #counts = new Map<string, number>();
	#timer: NodeJS.Timeout | undefined;

	constructor(refused: (refusal: Refusal) => Promise<void>) {
		this.#refused = refused;
	}

	add(client: string): void {
		const isNamed = this.#counts.has(client) || this.#counts.size < MOST_CLIENTS;
		const name = isNamed ? client : "others";
		this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
		this.#timer ??= setTimeout(() => void this.settle(), PERIOD_MS).unref();
	}

	/** Audits what was counted so far. */
	async settle(): Promise<void> {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		const counts = [...this.#counts];
		this.#counts.clear();
		const refusals = counts.map(([client, count]) =>
			this.#refused({ action: "request", outcome: "refused", client, detail: "too many", count }),
		);
		await Promise.all(refusals);
	}
}
