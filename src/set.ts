import type { Keys } from "../formats/format.js";
import type { FormatName, Formats } from "../formats/index.js";
import { derive, matches } from "./derive.js";
import type { ResolvedOptions } from "./options/options.js";
import { generated, keepExpiry, sameOptions, startExpiry, withFormat } from "./records/changes.js";
import { isClaimed } from "./records/claims.js";
import type { KeyRecord, StoredFormat } from "./records/record.js";
import type { Decision, RecordStore } from "./records/store.js";
import { notOfThePlaintext } from "./refusals.js";

export interface Setting {
	readonly formats: Formats;
	/** What the format may know of the store; its own key is the one that is set. */
	readonly keys: Keys;
	readonly format: FormatName;
	readonly password: string;
	/** The password is the value itself. */
	readonly raw: boolean;
	readonly resolved: ResolvedOptions;
}

/** Stores a password in a format, and gives the stored value. */
export async function setPassword(records: RecordStore, setting: Setting): Promise<string> {
	const { formats, keys, format, password, raw, resolved } = setting;
	const fresh =
		raw || format === "plain"
			? { value: password, at: keys.now().toISOString() }
			: await derive({ formats, keys, name: format, resolved }, password);
	return await records.change(keys.own, "set", (record) =>
		format === "plain" ? setPlain(record, fresh, setting) : setFormat(record, fresh, setting),
	);
}

/**
 * A new plaintext takes the place of the old one and of what was made of that. Of a plaintext that is stored already
 * what belongs to it stays, and a claim ends: nobody is to remove it now.
 */
async function setPlain(
	record: KeyRecord | undefined,
	fresh: StoredFormat,
	setting: Setting,
): Promise<Decision<string>> {
	const { formats: registry, keys, password, resolved } = setting;
	const expiry = startExpiry(resolved.expiresAsked ?? resolved.expires, keys.now());
	if (!record || record.formats.plain?.value !== password) {
		return { result: password, write: { formats: { ...generated(record, registry), plain: fresh }, ...expiry } };
	}
	const formats = await ofPassword(setting, record.formats);
	const dropsNone = Object.keys(formats).length === Object.keys(record.formats).length;
	if (dropsNone && !record.claim && !record.expires && !expiry.expires) return { result: password };
	const { expires: _, claim: __, ...rest } = record;
	return { result: password, write: { ...rest, formats, ...expiry } };
}

/** The formats that verify against the password; one that this machine can't tell of is not among them. */
async function ofPassword(
	{ formats, keys, password }: Setting,
	stored: KeyRecord["formats"],
): Promise<{ [format: string]: StoredFormat }> {
	const kept: { [format: string]: StoredFormat } = {};
	for (const [name, format] of Object.entries(stored)) {
		const belongs =
			formats.generates(name) ||
			(formats.has(name) && (await matches({ formats, key: keys.own, name }, password, format).catch(() => false)));
		if (belongs) kept[name] = format;
	}
	return kept;
}

async function setFormat(
	record: KeyRecord | undefined,
	fresh: StoredFormat,
	{ formats, keys, format, password, raw, resolved }: Setting,
): Promise<Decision<string>> {
	const stored = record?.formats[format];
	const same = stored !== undefined && (stored.value === fresh.value || (!raw && (await isSame(stored))));
	if (!record || !same) return decide(record, fresh);
	if (resolved.expiresAsked === undefined && !isClaimed(record, format)) return { result: stored.value };
	const { claim: _, ...unclaimed } = record;
	return decide(isClaimed(record, format) ? unclaimed : record, stored);

	async function isSame(stored: StoredFormat): Promise<boolean> {
		if (formats.generates(format) || !sameOptions(stored, fresh)) return false;
		return await matches({ formats, key: keys.own, name: format }, password, stored);
	}

	function decide(record: KeyRecord | undefined, kept: StoredFormat): Decision<string> {
		const plain = formats.generates(format) ? undefined : record?.formats.plain;
		return {
			result: kept.value,
			...(plain && !raw && plain.value !== password && { warning: notOfThePlaintext(keys.own, format) }),
			write: withFormat(record, format, kept, keepExpiry(record, resolved, keys.now())),
		};
	}
}
