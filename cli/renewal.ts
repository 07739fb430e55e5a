import { TroclaError } from "../src/errors.js";
import type { FlagValues } from "./flags.js";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * What `--renew-before` asks for: a time like `30d`, in seconds.
 *
 * @throws {TroclaError} `invalid`
 */
export function readRenewal({ renewBefore: flag }: FlagValues): { renewBefore?: number } {
	if (flag === undefined) return {};
	const { count, unit = "s" } = /^(?<count>\d{1,9})(?<unit>[smhdw])?$/.exec(String(flag))?.groups ?? {};
	if (Number(count) > 0) return { renewBefore: Number(count) * SECONDS[unit as keyof typeof SECONDS] };
	throw new TroclaError(
		"invalid",
		`--renew-before takes a time, not ${JSON.stringify(flag)}`,
		"For example: --renew-before 30d; also s, m, h and w, or seconds without a letter",
	);
}
