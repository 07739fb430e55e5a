import type { Formats } from "../formats/index.js";
import { TroclaError } from "./errors.js";
import { checkFormat, checkKey } from "./input.js";
import { isClaimed, refuseClaimed } from "./records/claims.js";
import type { RecordStore, Stored } from "./records/store.js";
import { isMap, quoteValue } from "./value.js";

/** A format of a key. */
export interface Asked {
	readonly key: string;
	readonly format: string;
}

/** A stored value and when it was stored (ISO 8601, UTC); or why it can't be told. */
export type Peeked =
	| { readonly value: string; readonly at: string; readonly error?: undefined }
	| { readonly error: TroclaError; readonly value?: undefined; readonly at?: undefined };

/** @internal */
export async function peekMany(
	records: RecordStore,
	formats: Formats,
	asked: readonly Asked[],
): Promise<(Peeked | undefined)[]> {
	const places = await placesByKey(asked, formats);
	const answers = new Array<Peeked | undefined>(asked.length).fill(undefined);
	for await (const page of records.readMany([...places.keys()])) {
		for (const stored of page) {
			for (const { format, index } of places.get(stored.key) ?? []) answers[index] = answer(stored, format);
		}
	}
	return answers;
}

/** Where in the list a key is asked for, and in which format. */
type Places = { readonly format: string; readonly index: number }[];

/** @throws {TroclaError} `invalid` */
async function placesByKey(asked: readonly Asked[], formats: Formats): Promise<Map<string, Places>> {
	if (!Array.isArray(asked)) throw notAsked("a list", asked);
	const byKey = new Map<string, Places>();
	for (const [index, one] of asked.entries()) {
		if (!isMap(one)) throw notAsked("a list of plain objects", one);
		const { key } = one;
		checkKey(key);
		const format = await checkFormat(one.format, formats);
		const places = byKey.get(key);
		if (places) places.push({ format, index });
		else byKey.set(key, [{ format, index }]);
	}
	return byKey;
}

function answer({ key, record, fault }: Stored, format: string): Peeked | undefined {
	if (fault) return { error: fault };
	const stored = record?.formats[format];
	if (!record || !stored) return undefined;
	try {
		if (format === "plain" && isClaimed(record, format)) refuseClaimed(key, record);
	} catch (error) {
		if (!(error instanceof TroclaError)) throw error;
		return { error };
	}
	return { value: stored.value, at: stored.at };
}

function notAsked(what: string, value: unknown): TroclaError {
	return new TroclaError(
		"invalid",
		`peekMany takes ${what}, not ${quoteValue(value)}`,
		`As in: peekMany([{ key: "alice", format: "sha512crypt" }])`,
	);
}
