import { quoteValue } from "../value.js";
import { daysSinceEpoch, parseDay } from "./day.js";
import { type Check, complete, Entry } from "./entry.js";
import { wholeNumber } from "./fields.js";

/** How a password ages, shadow(5): numbers of days, and days since 1970-01-01 (UTC); null leaves the field empty. */
export interface Ageing {
	/** The day of the password's last change. */
	readonly changed: number | null;
	/** How long it must be kept, and may be kept, after a change. */
	readonly min: number | null;
	readonly max: number | null;
	/** How long before `max` is over the user is warned. */
	readonly warn: number | null;
	/** How long after that the password can still be changed at a login. */
	readonly inactive: number | null;
	/** The day from which on there is no login at all. */
	readonly expire: number | null;
}

export const NO_AGEING: Ageing = { changed: null, min: null, max: null, warn: null, inactive: null, expire: null };

/** chage(1)'s and login.defs(5)'s word for "never"; a longer time means nothing more. */
const MAX_DAYS = 99_999;

const days = wholeNumber(0, MAX_DAYS);

/** The map `ageing` of a user. */
export const ageing: Check<Ageing> = (value, at) => {
	const entry = Entry.read(value, at, Object.keys(NO_AGEING));
	if (!entry) return undefined;
	const fields = complete<Ageing>({
		changed: entry.optional("changed", day, null),
		min: entry.optional("min", days, null),
		max: entry.optional("max", days, null),
		warn: entry.optional("warn", days, null),
		inactive: entry.optional("inactive", days, null),
		expire: entry.optional("expire", day, null),
	});
	if (fields?.min && fields.max !== null && fields.min > fields.max) {
		return at.in("min").fault(`is ${fields.min}, and max ${fields.max}: nobody could change such a password`);
	}
	return fields;
};

/** A day as days since 1970-01-01: a text like `2027-01-01`, or what YAML made of one. */
const day: Check<number> = (value, at) => {
	const date = typeof value === "string" ? parseDay(value) : value;
	if (!(date instanceof Date) || Number.isNaN(date.getTime())) {
		return at.fault(`must be a date, not ${quoteValue(value)}`, "Write year, month and day in quotes: '2027-01-31'");
	}
	const count = daysSinceEpoch(date);
	// shadow(5): 0 is read as "never" by some programs, and as 1970-01-01 by others.
	if (count < 1 || date.getUTCFullYear() > 9999) {
		return at.fault(`must be a day from 1970-01-02 to 9999-12-31, not ${date.toISOString().slice(0, 10)}`);
	}
	return count;
};
