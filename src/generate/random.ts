import { randomBytes } from "node:crypto";

/** A uniformly random integer from 0 up to, not including, `max`; node:crypto's randomInt is one. */
export type RandomInt = (max: number) => number;

/** `length` items of the list, each drawn by itself. */
export function sample<T>(list: readonly T[], length: number, randomInt: RandomInt): T[] {
	return Array.from({ length }, () => at(list, randomInt(list.length)));
}

/** The list in a random order, every order being equally likely (Fisher and Yates). */
export function shuffle<T>(list: readonly T[], randomInt: RandomInt): T[] {
	const shuffled = [...list];
	for (let last = shuffled.length - 1; last > 0; last--) {
		const other = randomInt(last + 1);
		[shuffled[last], shuffled[other]] = [at(shuffled, other), at(shuffled, last)];
	}
	return shuffled;
}

/** A uniformly random integer from 0 up to, not including, `max`. */
export function randomBelow(max: bigint): bigint {
	const bits = max.toString(2).length;
	for (;;) {
		const drawn = BigInt(`0x${randomBytes(Math.ceil(bits / 8)).toString("hex")}`) & ((1n << BigInt(bits)) - 1n);
		if (drawn < max) return drawn;
	}
}

/** The item at an index that must be one of the list's. */
export function at<T>(list: readonly T[], index: number): T {
	const item = list[index];
	if (item === undefined) throw new RangeError(`no item ${index} among ${list.length}`);
	return item;
}
