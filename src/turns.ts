/** Does work when it is its turn. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Lets so many pieces of work go on at a time, 1 or more; the others wait, and begin in the order in which they came. */
export function atMost(count: number): Turns {
	const waiting: (() => void)[] = [];
	let free = count;
	return async (work) => {
		if (free > 0) free--;
		else await new Promise<void>((resolve) => waiting.push(resolve));
		try {
			return await work();
		} finally {
			const next = waiting.shift();
			if (next) next();
			else free++;
		}
	};
}

/** Waits for a turn, which lasts until what this gives is called. */
export function turn(turns: Turns): Promise<() => void> {
	return new Promise((begin) => void turns(() => new Promise<void>((end) => begin(end))));
}
