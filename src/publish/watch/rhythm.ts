import type { Round } from "./round.js";

const FIRST_RETRY_MS = 1000;
const LONGEST_REST_MS = 5000;

/** When runs begin, by `performance.now`. */
export class Rhythm {
	readonly #every: number;
	#begun = 0;
	#ended = 0;
	/** When time stamps are to be new again. */
	#due = 0;
	#tries = 0;
	#hasFailed = false;

	/** @param every - milliseconds */
	constructor(every: number) {
		this.#every = every;
	}

	/** Which run it is time for. */
	begin(): "everything" | "changes" {
		this.#begun = performance.now();
		return this.#begun >= this.#due ? "everything" : "changes";
	}

	end(round: Round): void {
		this.#ended = performance.now();
		this.#hasFailed = round.kind === "failed";
		this.#tries = round.kind === "failed" && round.mendedBy === "time" ? this.#tries + 1 : 0;
		if (round.kind === "published") this.#due = this.#begun + this.#every;
	}

	/** Whether it failed for what may be over in a moment. */
	get isRetry(): boolean {
		return this.#tries > 0;
	}

	/** Where changes never end, as facts of thousands of hosts, runs take a third of the time. */
	next(): { readonly notBefore: number; readonly atLatest: number } {
		const rest = Math.min(2 * (this.#ended - this.#begun), LONGEST_REST_MS);
		return { notBefore: this.#ended + rest, atLatest: this.#nextTry() };
	}

	#nextTry(): number {
		if (!this.#hasFailed) return this.#due;
		const delay = this.#tries === 0 ? this.#every : FIRST_RETRY_MS * 2 ** (this.#tries - 1);
		return this.#ended + Math.min(delay, this.#every);
	}
}
