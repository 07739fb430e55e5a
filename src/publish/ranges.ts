/** Whole numbers as pairs of a first one and how many follow it: `[0, 999, 1003, 0]` is 0 to 999, and 1003. */
export type Ranges = readonly number[];

/** Numbers as ranges, in their order. */
export function toRanges(numbers: Iterable<number>): number[] {
	const ranges: number[] = [];
	let next: number | undefined;
	for (const number of numbers) {
		if (number === next) ranges.push((ranges.pop() ?? 0) + 1);
		else ranges.push(number, 0);
		next = number + 1;
	}
	return ranges;
}

/** The numbers of ranges in their order, those below `end`. */
export function readRanges(ranges: Ranges, end: number): number[] {
	const numbers: number[] = [];
	for (let at = 0; at + 1 < ranges.length; at += 2) {
		const [first = 0, more = 0] = ranges.slice(at, at + 2);
		for (let number = first; number <= first + more && number < end; number++) numbers.push(number);
	}
	return numbers;
}

export function isIn(ranges: Ranges, number: number): boolean {
	for (let at = 0; at + 1 < ranges.length; at += 2) {
		const [first = 0, more = 0] = [ranges[at], ranges[at + 1]];
		if (first <= number && number <= first + more) return true;
	}
	return false;
}
