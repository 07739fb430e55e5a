import type { Formats } from "../formats/index.js";
import type { Claim, Expiry, KeyRecord, Options } from "./records/record.js";

/** What is known of a stored format besides its value. Times are ISO 8601, UTC. */
export interface FormatDescription {
	readonly at: string;
	readonly options?: Options;
	/** When the value ends by itself, as a certificate does. */
	readonly ends?: string;
}

/** What `show` tells of a key: everything but the values. Times are ISO 8601, UTC. */
export interface KeyDescription {
	readonly key: string;
	readonly formats: { readonly [format: string]: FormatDescription };
	readonly expires?: Expiry;
	readonly handedOut?: string;
	readonly claim?: Claim;
}

/** @internal */
export async function describe(key: string, record: KeyRecord, formats: Formats): Promise<KeyDescription> {
	const { askedPlain: _, ...rest } = record;
	const described: { [format: string]: FormatDescription } = {};
	for (const [name, { at, options, value }] of Object.entries(record.formats)) {
		const ends = await endOf(formats, name, value);
		described[name] = { at, ...(options && { options }), ...(ends && { ends: ends.toISOString() }) };
	}
	return { key, ...rest, formats: described };
}

/** Only what is no form of a password ends by itself; the others need not be loaded. */
async function endOf(formats: Formats, name: string, value: string): Promise<Date | undefined> {
	if (!formats.has(name) || !formats.generates(name)) return undefined;
	const { lifetime } = await formats.load(name);
	return await lifetime?.end(value);
}
