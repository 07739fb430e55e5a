/** Lets work on one key go on at a time, in the order in which it came, and other work while none of that does. */
export class OneAtATime {
	readonly #last = new Map<string, Promise<unknown>>();
	#alone: Promise<unknown> = Promise.resolve();

	of<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
		const done = Promise.all([this.#last.get(key), this.#alone]).then(work);
		const ended = done
			.catch(() => {})
			.then(() => {
				if (this.#last.get(key) === ended) this.#last.delete(key);
			});
		this.#last.set(key, ended);
		return done;
	}

	alone<Result>(work: () => Promise<Result>): Promise<Result> {
		const done = Promise.all([...this.#last.values(), this.#alone]).then(work);
		this.#alone = done.catch(() => {});
		return done;
	}
}
