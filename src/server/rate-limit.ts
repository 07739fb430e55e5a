/** So many seconds' worth of requests may come at once. */
const BURST_SECONDS = 5;
/** Clients that are remembered; each of those that are not has a full measure. */
const MOST_REMEMBERED = 10_000;

interface Measure {
	left: number;
	at: number;
}

/** Lets each client send so many requests a second. */
export class RateLimit {
	readonly #perSecond: number;
	readonly #measures = new Map<string, Measure>();

	constructor(perSecond: number) {
		this.#perSecond = perSecond;
	}

	/**
	 * Takes one request of a client's measure: 0, or the seconds to wait where nothing is left of it.
	 *
	 * @param now - milliseconds
	 */
	take(client: string, now = performance.now()): number {
		const full = this.#perSecond * BURST_SECONDS;
		const measure = this.#measures.get(client) ?? { left: full, at: now };
		measure.left = Math.min(full, measure.left + ((now - measure.at) / 1000) * this.#perSecond);
		measure.at = now;
		if (!this.#measures.has(client)) {
			if (this.#measures.size >= MOST_REMEMBERED) this.#measures.clear();
			this.#measures.set(client, measure);
		}
		if (measure.left < 1) return Math.ceil((1 - measure.left) / this.#perSecond);
		measure.left--;
		return 0;
	}
}
