import type { TroclaError } from "../errors.js";
import type { RecordStore, Stored } from "../records/store.js";
import { type ExportCounts, printEnd, printEntry, printHeader } from "./export-lines.js";
import { encryption, type Lock } from "./lock.js";

export interface ExportSettings {
	readonly lock: Lock;
	/** As text, in lines of 64 characters. */
	readonly asText: boolean;
	/** The version of this trocla. */
	readonly version: string;
	readonly now: () => Date;
	/** Hears how many keys were exported so far. */
	readonly seen: (keys: number) => void;
	/** Hears of each record that can't be read; the others are exported. */
	readonly unreadable: (fault: TroclaError) => void;
	/** Ends it early, with its reason as the error. */
	readonly signal?: AbortSignal | undefined;
}

/**
 * All records of a store, whole, as an age file: values, options, dates, expiries, marks and claims of hand-outs. Each
 * is as it was when it was read, which is no common moment of all where others write meanwhile. In the age file are
 * lines of JSON: a header, a line for each key, and a last one with their number.
 *
 * @param write - gets the file, piece by piece
 * @throws {TroclaError} `invalid` for a lock that is none; `store`; and what `write` throws
 */
export async function exportRecords(
	records: RecordStore,
	settings: ExportSettings,
	write: (bytes: Uint8Array) => Promise<void> | void,
): Promise<ExportCounts> {
	const { lock, asText, signal } = settings;
	const counts = { records: 0, unreadable: 0 };
	const encrypt = await encryption(lock, { asText });
	let outcome = "failed";
	try {
		for await (const bytes of encrypt(text(records, settings, counts))) {
			signal?.throwIfAborted();
			await write(bytes);
		}
		outcome = "done";
		return counts;
	} finally {
		// Also of one that failed half of the records may have left the store.
		await records.note({ action: "export", outcome, count: counts.records });
	}
}

async function* text(
	records: RecordStore,
	{ version, now, seen, unreadable, signal }: ExportSettings,
	counts: { records: number; unreadable: number },
): AsyncGenerator<Uint8Array> {
	const count = ({ fault }: Stored) => {
		if (fault) unreadable(fault);
		counts[fault ? "unreadable" : "records"]++;
	};
	yield encode([printHeader({ time: now().toISOString(), trocla: version })]);
	for await (const page of records.stored()) {
		signal?.throwIfAborted();
		// One that was deleted after its key was listed is not there any more.
		const there = page.filter(({ record, fault }) => record || fault);
		there.forEach(count);
		seen(counts.records);
		yield encode(there.map(printEntry));
	}
	yield encode([printEnd(counts)]);
}

const encode = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(""));
