import type { FormatName, Formats } from "../formats/index.js";
import { type Making, renewValue } from "./derive.js";
import { TroclaError } from "./errors.js";
import { keepExpiry, withFormat } from "./records/changes.js";
import type { KeyRecord } from "./records/record.js";
import type { Decision } from "./records/store.js";
import { quote } from "./refusals.js";

/**
 * Refuses to renew what can't be, before anything is made.
 *
 * @throws {TroclaError} `invalid` for seconds that are none, and for a format whose values do not end
 */
export async function checkRenewal(formats: Formats, name: FormatName, seconds: number): Promise<void> {
	if (!(seconds > 0 && Number.isFinite(seconds))) {
		throw new TroclaError("invalid", `renewBefore must be a number of seconds above 0, not ${seconds}`);
	}
	const { lifetime } = await formats.load(name);
	if (lifetime) return;
	throw new TroclaError("invalid", `a ${name} does not end, so there is nothing to renew`, "Leave --renew-before out");
}

/**
 * Replaces a stored value that ends in less than so many seconds. A new one that would be due again at once must not
 * be a change on each run: unless it doubles the time that is left the old one stays, and a warning says why.
 *
 * @throws {TroclaError} `unhashable`
 */
export async function renew(record: KeyRecord, making: Making, seconds: number): Promise<Decision<string> | undefined> {
	const { formats, keys, name, resolved } = making;
	const { lifetime } = await formats.load(name);
	const value = record.formats[name]?.value ?? "";
	const end = await lifetime?.end(value);
	const due = keys.now().getTime() + seconds * 1000;
	if (lifetime === undefined || end === undefined) {
		return {
			result: value,
			warning: `the ${name} of ${quote(keys.own)} is never renewed: it does not say when it ends`,
		};
	}
	if (end.getTime() >= due) return undefined;
	const made = await renewValue(making, value);
	const newEnd = (await lifetime.end(made.value)) ?? end;
	const soon = newEnd.getTime() < due;
	const warning = soon
		? `the ${name} of ${quote(keys.own)} ends on ${day(end)}, and a new one ends on ${day(newEnd)}: both before the time to renew it`
		: undefined;
	const left = (time: Date) => time.getTime() - keys.now().getTime();
	if (soon && left(newEnd) < 2 * left(end)) return { result: value, warning };
	const expires = keepExpiry(record, resolved, keys.now());
	return { result: made.value, write: withFormat(record, name, made, expires), action: "renew", warning };
}

const day = (time: Date) => time.toISOString().slice(0, 10);
