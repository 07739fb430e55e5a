/** No event for so long, and what wrote has probably ended. */
const CALM_MS = 300;
/** Where events don't end, so long after the first of them nobody waits any more. */
const PATIENCE_MS = 5000;
/** A timer of more than 24 days rings at once. */
const LONGEST_MS = 86_400_000;

export interface WaitSettings {
	/** It does not ring before, whatever happens. By `performance.now`, as the other. */
	readonly notBefore: number;
	/** It rings then, also where nothing happened. */
	readonly atLatest: number;
	readonly signal?: AbortSignal | undefined;
}

/** Turns events into one ring, soon after the last of those that come together. */
export class Alarm {
	#first: number | undefined;
	#last = 0;
	#wake: (() => void) | undefined;

	/** Hears of an event, also while nobody waits. */
	hear(): void {
		this.#last = performance.now();
		if (this.#first !== undefined) return;
		this.#first = this.#last;
		this.#wake?.();
	}

	/** Forgets what it heard. */
	forget(): void {
		this.#first = undefined;
	}

	/** Waits until it rings, and forgets what it heard before that. Throws the signal's reason when it is aborted. */
	async wait(settings: WaitSettings): Promise<void> {
		for (;;) {
			settings.signal?.throwIfAborted();
			const left = this.#rings(settings) - performance.now();
			if (left <= 0) break;
			await this.#sleep(Math.min(left, LONGEST_MS), settings.signal);
		}
		this.forget();
	}

	#rings({ notBefore, atLatest }: WaitSettings): number {
		if (this.#first === undefined) return atLatest;
		const calm = Math.min(this.#last + CALM_MS, this.#first + PATIENCE_MS);
		return Math.min(Math.max(calm, notBefore), atLatest);
	}

	/** Until the time is over, a first event comes, or the signal does. */
	#sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
		return new Promise((resolve) => {
			const wake = () => {
				clearTimeout(timer);
				signal?.removeEventListener("abort", wake);
				this.#wake = undefined;
				resolve();
			};
			const timer = setTimeout(wake, milliseconds);
			signal?.addEventListener("abort", wake);
			this.#wake = wake;
		});
	}
}
