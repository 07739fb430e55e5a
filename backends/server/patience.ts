import { setTimeout as wait } from "node:timers/promises";
import { BackendError, type Swap } from "../backend.js";
import { isNotConnected } from "./connection-error.js";

/** How long anything may take where the configuration does not say: long enough for a server to be started again. */
export const DEFAULT_SECONDS = 10;

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/** How a store bears with a server that is away for a while, or that is lost before it has answered. */
export class Patience {
	readonly #ms: number;
	readonly #isLost: (error: unknown) => boolean;
	readonly #isUnsent: (error: unknown) => boolean;
	/** The keys whose last swaps were lost: when the first and the last of them were. */
	readonly #lost = new Map<string, { readonly first: number; readonly last: number }>();

	/**
	 * @param seconds - how long one call may take, with all that is tried again
	 * @param isLost - whether an error says that the server could not be reached, or was lost before it answered
	 * @param isUnsent - whether one of these says that the server can't have done what it was asked
	 */
	constructor(seconds: number, isLost: (error: unknown) => boolean, isUnsent = isNotConnected) {
		this.#ms = seconds * 1000;
		this.#isLost = isLost;
		this.#isUnsent = (error) => isLost(error) && isUnsent(error);
	}

	/**
	 * Asks again while the server is away; what is asked must change nothing.
	 *
	 * @param ask - hears how many seconds are left
	 */
	async read<Answer>(ask: (seconds: number) => Promise<Answer>): Promise<Answer> {
		return await this.#again(ask, this.#isLost);
	}

	async #again<Answer>(
		ask: (seconds: number) => Promise<Answer>,
		isPassing: (error: unknown) => boolean,
	): Promise<Answer> {
		const end = performance.now() + this.#ms;
		// Timers of one length are cheap for Node, and most reads are asked once.
		let left = this.#ms;
		for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
			try {
				return await ask(left / 1000);
			} catch (error) {
				if (!isPassing(error) || performance.now() + pause > end) throw error;
			}
			await wait(pause);
			left = end - performance.now();
		}
	}

	/**
	 * A swap over a connection that may be lost before the answer is here. Whether it was done is then found out by
	 * reading, which takes the patience once more.
	 *
	 * It is not sent a second time: what it was to create may have been created, handed out and deleted meanwhile, and
	 * must not come back. Where it was not done the caller hears that it was lost, and may decide again on what is stored.
	 * A swap that is still on its way then loses against that decision, or wins as any other's.
	 *
	 * @param swap - is asked again where it was not sent; what it throws is thrown where the server was not lost
	 * @param read - the key's text
	 * @throws {BackendError} `lost` where it was not done; `unknown` where it can't be found out, or is lost again and again
	 */
	async swap(
		{ key, before, after }: Swap,
		swap: () => Promise<boolean>,
		read: (seconds: number) => Promise<string | undefined>,
	): Promise<boolean> {
		try {
			const done = await this.#again(swap, this.#isUnsent);
			this.#lost.delete(key);
			return done;
		} catch (error) {
			if (!this.#isLost(error) || this.#isUnsent(error)) throw error;
			const stored = await this.read(read).catch((failure: Error) => {
				throw unknown(key, failure.message);
			});
			if (stored === after) return true;
			if (stored !== before) throw unknown(key, "another process has changed it since");
			// Whoever decides again after each would do so for ever.
			throw this.#lostFor(key) <= this.#ms ? lost(key) : unknown(key, (error as Error).message);
		}
	}

	/** For how long swaps of a key have been lost one after the other, with the one that is told of now. */
	#lostFor(key: string): number {
		const now = performance.now();
		// What is done again at once takes the patience to be sent, to be answered, and to be read.
		for (const [lost, { last }] of this.#lost) if (now - last > 3 * this.#ms) this.#lost.delete(lost);
		const first = this.#lost.get(key)?.first ?? now;
		this.#lost.set(key, { first, last: now });
		return now - first;
	}
}

function lost(key: string): BackendError {
	return new BackendError(
		"lost",
		`the connection was lost while ${JSON.stringify(key)} was being changed; the change was not stored a moment later, but may still arrive`,
		"Look at what is stored (trocla show), and do it again",
		key,
	);
}

function unknown(key: string, why: string): BackendError {
	return new BackendError(
		"unknown",
		`the connection was lost while ${JSON.stringify(key)} was being changed, and it is not known whether the change was stored: ${why}`,
		"Ask again: what is stored then is what counts",
		key,
	);
}
