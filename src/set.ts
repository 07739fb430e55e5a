import type { Keys } from "../formats/format.js";
import { type FormatName, isFormatName } from "../formats/index.js";
import { isClaimed } from "./claims.js";
import { derive, matches } from "./derive.js";
import type { ResolvedOptions } from "./options.js";
import type { KeyRecord, StoredFormat } from "./record.js";
import { keepExpiry, sameOptions, startExpiry, withFormat } from "./record-changes.js";
import type { Decision, RecordStore } from "./record-store.js";
import { notOfThePlaintext } from "./refusals.js";

export interface Setting {
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
	const { keys, format, password, raw, resolved } = setting;
	const fresh =
		raw || format === "plain"
			? { value: password, at: keys.now().toISOString() }
			: await derive(keys, format, password, resolved);
	return await records.change(keys.own, (record) =>
		format === "plain" ? setPlain(record, fresh, setting) : setFormat(record, fresh, setting),
	);
}

/** Of a plaintext that is stored already what belongs to it stays, and a claim ends: nobody is to remove it now. */
async function setPlain(
	record: KeyRecord | undefined,
	fresh: StoredFormat,
	{ keys, password, resolved }: Setting,
): Promise<Decision<string>> {
	const expiry = startExpiry(resolved.expiresAsked ?? resolved.expires, keys.now());
	if (!record || record.formats.plain?.value !== password) {
		return { result: password, write: { formats: { plain: fresh }, ...expiry } };
	}
	const formats = await ofPassword(keys.own, password, record.formats);
	const dropsNone = Object.keys(formats).length === Object.keys(record.formats).length;
	if (dropsNone && !record.claim && !record.expires && !expiry.expires) return { result: password };
	const { expires: _, claim: __, ...rest } = record;
	return { result: password, write: { ...rest, formats, ...expiry } };
}

/** The formats that verify against the password; one that this machine can't tell of is not among them. */
async function ofPassword(
	key: string,
	password: string,
	formats: KeyRecord["formats"],
): Promise<{ [format: string]: StoredFormat }> {
	const kept: { [format: string]: StoredFormat } = {};
	for (const [name, stored] of Object.entries(formats)) {
		if (isFormatName(name) && (await matches(key, name, password, stored).catch(() => false))) kept[name] = stored;
	}
	return kept;
}

async function setFormat(
	record: KeyRecord | undefined,
	fresh: StoredFormat,
	{ keys, format, password, raw, resolved }: Setting,
): Promise<Decision<string>> {
	const stored = record?.formats[format];
	const same = stored !== undefined && (stored.value === fresh.value || (!raw && (await isSame(stored))));
	if (!record || !same) return decide(record, fresh);
	if (resolved.expiresAsked === undefined && !isClaimed(record, format)) return { result: stored.value };
	const { claim: _, ...unclaimed } = record;
	return decide(isClaimed(record, format) ? unclaimed : record, stored);

	async function isSame(stored: StoredFormat): Promise<boolean> {
		return sameOptions(stored, fresh) && (await matches(keys.own, format, password, stored));
	}

	function decide(record: KeyRecord | undefined, kept: StoredFormat): Decision<string> {
		const plain = record?.formats.plain;
		return {
			result: kept.value,
			...(plain && !raw && plain.value !== password && { warning: notOfThePlaintext(keys.own, format) }),
			write: withFormat(record, format, kept, keepExpiry(record, resolved, keys.now())),
		};
	}
}
