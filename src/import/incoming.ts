import type { Formats } from "../../formats/index.js";
import { TroclaError } from "../errors.js";
import { checkKey, checkPassword } from "../input.js";
import { startExpiry } from "../records/changes.js";
import { type Expiry, type KeyRecord, MAX_EXPIRES, type StoredFormat } from "../records/record.js";
import type { Foreign } from "./foreign.js";

const UNKNOWN_FORMAT = "trocla formats lists those there are; a configuration can add others, under formats";

/** Why something of a key did not come in: it is stored otherwise, or could not be read or kept. */
export interface Problem {
	readonly kind: "differs" | "unreadable";
	readonly key: string;
	/** A sentence that follows the key. */
	readonly message: string;
	readonly hint?: string | undefined;
}

/** What a foreign key comes to here. */
export interface Incoming {
	readonly key: string;
	/** Absent where nothing of it can come in. */
	readonly record?: KeyRecord;
	readonly problems: readonly Problem[];
	/** The reason why it is left out without being a problem. */
	readonly skipped?: string;
}

/**
 * Makes the record that a foreign key becomes: its values as they are, of the formats that there are.
 *
 * @param prefix - stands before its key
 */
export function incomingOf(foreign: Foreign, prefix: string, formats: Formats, now: Date): Incoming {
	const key = prefix + foreign.key;
	const unreadable = (message: string, hint?: string): Problem => ({ kind: "unreadable", key, message, hint });
	if ("fault" in foreign) return { key, problems: [unreadable(foreign.fault, foreign.hint)] };
	if ("skipped" in foreign) return { key, problems: [], skipped: foreign.skipped };
	if (foreign.endsAt && foreign.endsAt <= now) return { key, problems: [], skipped: "expired" };
	const wrongKey = refusal(() => checkKey(key));
	if (wrongKey) return { key, problems: [unreadable(`can't be a key here: ${wrongKey.message}`, wrongKey.hint)] };

	const usable: [format: string, stored: StoredFormat][] = [];
	const problems: Problem[] = [];
	for (const [format, value] of Object.entries(foreign.formats)) {
		const wrongValue = refusal(() => checkPassword(value));
		if (!formats.has(format)) {
			problems.push(unreadable(`has a ${format}, which is not a known format`, UNKNOWN_FORMAT));
		} else if (wrongValue) {
			problems.push(unreadable(`has a ${format} that can't be kept: ${wrongValue.message}`, wrongValue.hint));
		} else {
			usable.push([format, { value, at: now.toISOString() }]);
		}
	}
	if (usable.length === 0) return { key, problems };
	return { key, problems, record: { formats: Object.fromEntries(usable), ...expiryOf(foreign, now) } };
}

function expiryOf(foreign: { readonly endsAt?: Date; readonly seconds?: number }, now: Date): { expires?: Expiry } {
	const { endsAt, seconds } = foreign;
	const left = endsAt && (endsAt.getTime() - now.getTime()) / 1000;
	const period = Math.min(Math.ceil(seconds ?? left ?? 0), MAX_EXPIRES);
	return endsAt ? { expires: { seconds: period, at: endsAt.toISOString() } } : startExpiry(period, now);
}

function refusal(check: () => void): TroclaError | undefined {
	try {
		check();
		return undefined;
	} catch (error) {
		if (error instanceof TroclaError) return error;
		throw error;
	}
}
