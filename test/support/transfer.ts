import { generateIdentity, identityToRecipient } from "age-encryption";
import * as fc from "fast-check";
import type { Backend } from "../../backends/backend.js";
import { openMemory } from "../../backends/memory.js";
import { type KeyRecord, printRecord } from "../../src/records/record.js";
import { RecordStore, type RecordStoreSettings } from "../../src/records/store.js";
import { type ExportSettings, exportRecords } from "../../src/transfer/export.js";
import type { Key } from "../../src/transfer/lock.js";
import { type RestoreSettings, restoreExport, WholeExport } from "../../src/transfer/restore.js";
import { Source } from "../../src/transfer/source.js";
import { cleanUp } from "./sandbox.js";
import { RECORDS } from "./store.js";

/** Somebody who can open exports. */
export async function keyPair(): Promise<{ readonly identity: string; readonly recipient: string }> {
	const identity = await generateIdentity();
	return { identity, recipient: await identityToRecipient(identity) };
}

/** Records on a backend of a test's own, with texts in it. */
export class Records {
	readonly backend: Backend = openMemory();
	readonly store: RecordStore;

	constructor(settings: Partial<RecordStoreSettings> = {}) {
		this.store = new RecordStore(this.backend, { ...RECORDS, ...settings });
		cleanUp(() => this.backend.close());
	}

	static async with(texts: Iterable<readonly [key: string, text: string]>): Promise<Records> {
		const records = new Records();
		for (const [key, text] of texts) await records.put(key, text);
		return records;
	}

	async put(key: string, text: string | undefined): Promise<void> {
		await this.backend.swap(key, await this.backend.read(key), text);
	}

	/** All that is stored, as it is stored. */
	async texts(): Promise<[key: string, text: string | undefined][]> {
		const texts: [string, string | undefined][] = [];
		for await (const key of this.backend.keys()) texts.push([key, await this.backend.read(key)]);
		return texts;
	}
}

/** The text of a record that has one format. */
export function recordText(value: string, more: Partial<KeyRecord> = {}): string {
	return printRecord({ formats: { plain: { value, at: "2026-03-01T12:00:00.000Z" } }, ...more });
}

/** Exports to memory. */
export async function exported(
	records: RecordStore,
	settings: Pick<ExportSettings, "lock"> & Partial<ExportSettings>,
): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	const complete = { asText: false, version: "1.2.3", now: () => new Date(), seen: () => {}, unreadable: () => {} };
	await exportRecords(records, { ...complete, ...settings }, (bytes) => void pieces.push(bytes));
	return Buffer.concat(pieces);
}

/** Restores from memory. */
export async function restored(
	records: RecordStore,
	bytes: Uint8Array,
	{ key, ...settings }: { readonly key: Key } & Partial<RestoreSettings>,
) {
	await using source = await Source.ofStream(
		(async function* () {
			yield bytes;
		})(),
		"backup.age",
	);
	const complete = { overwrite: false, now: () => new Date(), seen: () => {}, left: () => {} };
	return await restoreExport(records, await WholeExport.check(source, key), { ...complete, ...settings });
}

const texts = fc.string({ unit: "binary", maxLength: 40 }).filter((text) => text.isWellFormed());
const times = fc
	.date({ min: new Date("2020-01-01"), max: new Date("2026-01-01"), noInvalidDate: true })
	.map((date) => date.toISOString());
const options = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });

/** Keys that a store takes. */
export const keys = fc
	.string({ unit: "binary", minLength: 1, maxLength: 30 })
	.filter((key) => key.isWellFormed() && !/\p{Cc}/u.test(key));

/** Records with all that they may have, in any order, none of them expired. */
export const records: fc.Arbitrary<KeyRecord> = fc
	.record(
		{
			formats: fc.dictionary(
				fc.constantFrom("plain", "sha512crypt", "pgsql", "mysql", "site"),
				fc.record(
					{ value: texts, at: times, options, asked: fc.array(fc.string(), { maxLength: 2 }) },
					{ requiredKeys: ["value", "at"] },
				),
				{ minKeys: 1 },
			),
			expires: fc.record({ seconds: fc.integer({ min: 1, max: 1000 }), at: fc.constant("2999-01-01T00:00:00.000Z") }),
			handedOut: times,
			askedPlain: options,
			claim: fc.record({ id: fc.uuid(), format: fc.constant("plain"), host: texts, pid: fc.nat(), at: times }),
		},
		{ requiredKeys: ["formats"] },
	)
	.chain((record) =>
		fc
			.shuffledSubarray(Object.entries(record), { minLength: Object.keys(record).length })
			// The same members in another order.
			.map((entries) => Object.fromEntries(entries) as unknown as KeyRecord),
	);
