import { TroclaError } from "../src/errors.js";
import type { FlagValues } from "./flags.js";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** @throws {TroclaError} `invalid` */
export function readRenewal({ renewBefore }: FlagValues): { renewBefore?: number } {
	return renewBefore === undefined ? {} : { renewBefore: readPeriod("--renew-before", renewBefore, "30d") };
}

/**
 * A time like `30d`, in seconds; 1 or more.
 *
 * @param example - a usual one
 * @throws {TroclaError} `invalid`
 */
export function readPeriod(flag: string, value: unknown, example: string): number {
	const { count, unit = "s" } = /^(?<count>\d{1,9})(?<unit>[smhdw])?$/.exec(String(value))?.groups ?? {};
	if (Number(count) > 0) return Number(count) * SECONDS[unit as keyof typeof SECONDS];
	throw new TroclaError(
		"invalid",
		`${flag} takes a time, not ${JSON.stringify(value)}`,
		`For example: ${flag} ${example}; also s, m, h, d and w, or seconds without a letter`,
	);
}
