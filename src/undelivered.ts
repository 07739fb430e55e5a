import { TroclaError } from "./errors.js";
import { shellWord } from "./input.js";
import type { Values } from "./records/record.js";
import { quote } from "./refusals.js";

/**
 * What a delivery throws where nobody knows whether the values arrived: their claim stays, as that of a process that
 * died, and the next one who wants them hears that someone may have seen them.
 */
export class Unconfirmed extends Error {
	override name = "Unconfirmed";
}

export interface Undelivered {
	readonly key: string;
	readonly values: Values;
	/** What the delivery threw. */
	readonly error: unknown;
	/** Why the claim could not be undone, where it could not. */
	readonly fault?: Error;
	/** The command that removes what is claimed. */
	readonly again: string;
}

/** The error of a hand-out that failed while it was delivered: `undelivered`, and nothing was removed. */
export function undelivered({ key, values, error, fault, again }: Undelivered): TroclaError {
	const what = `${quote(key)} could not be handed out${reason(error, values)}`;
	if (fault) {
		const message = `${what}; nor could its claim be undone: ${fault.message}`;
		return new TroclaError("undelivered", message, `Nothing was removed: mend that and run ${again}`, error);
	}
	const hint = error instanceof Unconfirmed ? `Nothing was removed. If nobody got it: ${again}` : MEND;
	return new TroclaError("undelivered", what, hint, error);
}

const MEND = "Nothing was removed: mend that and run it again";

/** Whether an error of a hand-out says that all is as it was before. */
export const isUndone = (error: unknown): boolean => error instanceof TroclaError && error.hint === MEND;

/** The command that removes what is claimed by nobody who lives. */
export const removeAgain = (key: string, format: string | undefined): string =>
	["trocla delete --force", shellWord(key), ...(format === undefined ? [] : [format])].join(" ");

/** What went wrong, unless the error quotes what it could not deliver: messages end up in logs. */
function reason(error: unknown, values: Values): string {
	const message = error instanceof Error ? error.message : String(error);
	const quotes = (value: string) =>
		[value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())].some((text) =>
			message.includes(text),
		);
	return Object.values(values).some(quotes) ? "" : `: ${message}`;
}
