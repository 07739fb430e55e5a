import { isMap } from "../value.js";
import type { Answer, Connection } from "./connection.js";
import { noDaemon } from "./faults.js";
import { Refusal, refusal } from "./refusals.js";

/** One call, as an entry of a batch. */
export interface Entry {
	readonly key: string;
	readonly format: string;
	readonly [option: string]: unknown;
}

interface Waiting {
	readonly entry: Entry;
	readonly size: number;
	readonly resolve: (value: string) => void;
	readonly reject: (error: unknown) => void;
}

/** Several batches of middle size keep a daemon busier than a large one, whose last value all others wait for. */
const MOST_ENTRIES = 128;
const MOST_AT_ONCE = 4;
/** In characters: less than a daemon takes, unless told otherwise. */
const MOST_TEXT = 512 * 1024;

/** Calls of one kind. Those that come at once go to the daemon together, and each is answered by itself. */
export class Gathering {
	readonly #path: string;
	readonly #connection: Connection;
	readonly #waiting: Waiting[] = [];
	#underWay = 0;
	#isDue = false;

	/** @param path - of the batch: `/v1/create` */
	constructor(path: string, connection: Connection) {
		this.#path = path;
		this.#connection = connection;
	}

	/** @throws {TroclaError} what the daemon's store throws; `server`, `forbidden` */
	async ask(entry: Entry): Promise<string> {
		const { promise, resolve, reject } = split<string>();
		this.#waiting.push({ entry, size: JSON.stringify(entry).length, resolve, reject });
		if (!this.#isDue) {
			this.#isDue = true;
			setImmediate(() => {
				this.#isDue = false;
				this.#send();
			});
		}
		return await promise;
	}

	#send(): void {
		while (this.#waiting.length > 0 && this.#underWay < MOST_AT_ONCE) {
			this.#underWay++;
			void this.#answer(this.#waiting.splice(0, this.#next())).finally(() => {
				this.#underWay--;
				this.#send();
			});
		}
	}

	/** How many go along in the next batch. */
	#next(): number {
		let text = 0;
		const large = this.#waiting.slice(0, MOST_ENTRIES).findIndex(({ size }) => {
			text += size;
			return text > MOST_TEXT;
		});
		return large === -1 ? MOST_ENTRIES : Math.max(1, large);
	}

	async #answer(waiting: readonly Waiting[]): Promise<void> {
		const { place } = this.#connection;
		try {
			const keys = waiting.map(({ entry }) => entry);
			const answer = await this.#connection.ask({ method: "POST", path: this.#path, body: { keys }, repeatable: true });
			for (const [index, one] of entriesOf(answer, waiting.length).entries()) {
				if (!one) throw noDaemon(place, 200);
				this.#connection.tell(one);
				if (typeof one.value === "string") waiting[index]?.resolve(one.value);
				else waiting[index]?.reject(refusal(place, one.error));
			}
		} catch (error) {
			if (waiting.length > 1 && isOfSome(error)) {
				const half = Math.ceil(waiting.length / 2);
				await this.#answer(waiting.slice(0, half));
				await this.#answer(waiting.slice(half));
			} else for (const { reject } of waiting) reject(error);
		}
	}
}

/** Whether fewer at a time may do, or some without the others. Of what took too long a part is done, and not done again. */
const isOfSome = (error: unknown) =>
	error instanceof Refusal && ["too_large", "timeout", "invalid"].includes(error.daemonCode);

function entriesOf(answer: Answer, count: number): readonly ({ readonly [name: string]: unknown } | undefined)[] {
	const entries: readonly unknown[] = Array.isArray(answer) ? answer : [];
	return Array.from({ length: count }, (_, index) => {
		const entry = entries[index];
		return isMap(entry) ? entry : undefined;
	});
}

/** A promise and what ends it. */
function split<Result>() {
	let resolve: (result: Result) => void = () => {};
	let reject: (error: unknown) => void = () => {};
	const promise = new Promise<Result>((one, other) => {
		resolve = one;
		reject = other;
	});
	return { promise, resolve, reject };
}
