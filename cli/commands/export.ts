import { version } from "../../package.json";
import { TroclaError } from "../../src/errors.js";
import type { RecordStore } from "../../src/records/store.js";
import { type ExportSettings, exportRecords } from "../../src/transfer/export.js";
import type { ExportCounts } from "../../src/transfer/export-lines.js";
import { NewFile } from "../../src/transfer/new-file.js";
import type { Run } from "../commands.js";
import { untilInterrupted } from "../interrupt.js";
import { readLock } from "../lock.js";
import { deliver, print, tell } from "../output.js";
import { Progress } from "../progress.js";

/** Exports the store to a file or to standard output; exits 1 where a record could not be read. */
export const run: Run = async (context, [file], flags) => {
	const asText = flags.armor === true;
	const replace = flags.force === true;
	await context.ownConfig();
	// Before anybody types a passphrase in vain.
	if (file === undefined) checkOutput(asText, context.json);
	else NewFile.check(file, { replace });
	return await context.withRecords(
		async (records) => {
			const lock = await readLock(context, flags);
			const progress = new Progress("Exported keys");
			const problems: string[] = [];
			const unreadable = ({ message }: TroclaError) => {
				progress.end();
				if (context.json) problems.push(message);
				else tell(`trocla: ${message}`);
			};
			const settings = { lock, asText, version, now: () => new Date(), seen: progress.update, unreadable };
			const counts = await (file === undefined
				? toStdout(records, settings)
				: toFile(records, settings, { file, replace })
			).finally(() => progress.end());
			if (counts.records + counts.unreadable === 0) context.warn("the store has no keys, and so the export has none");
			if (context.json) context.print("", { file, ...counts, problems });
			if (counts.unreadable > 0) throw incomplete(file, counts);
			return 0;
		},
		{ create: false },
	);
};

function checkOutput(asText: boolean, json: boolean): void {
	if (json) throw new TroclaError("invalid", "--json prints counts, so the export needs a FILE", "Name one");
	if (process.stdout.isTTY && !asText) {
		throw new TroclaError(
			"invalid",
			"an export is binary, which a terminal can't show",
			"Name a FILE, redirect the output, or give --armor for text",
		);
	}
}

async function toStdout(records: RecordStore, settings: ExportSettings): Promise<ExportCounts> {
	deliver("");
	const counts = await exportRecords(records, settings, (bytes) => print(bytes));
	deliver("");
	return counts;
}

/** What lacks records never gets the name of a whole export, or takes the place of one. */
const incompleteName = (file: string) => `${file}.incomplete`;

async function toFile(
	records: RecordStore,
	settings: ExportSettings,
	{ file, replace }: { file: string; replace: boolean },
): Promise<ExportCounts> {
	return await untilInterrupted(async (signal) => {
		await using fresh = await NewFile.create(file, { replace });
		const counts = await exportRecords(records, { ...settings, signal }, (bytes) => fresh.write(bytes));
		signal.throwIfAborted();
		if (counts.unreadable === 0) await fresh.finish(file, { replace });
		else await fresh.finish(incompleteName(file), { replace: true });
		return counts;
	});
}

function incomplete(file: string | undefined, { records, unreadable }: ExportCounts): TroclaError {
	return new TroclaError(
		"damaged",
		`${unreadable} of ${records + unreadable} records could not be read, and are not in the export`,
		file === undefined
			? "Mend them with trocla doctor's hints, and export again"
			: `The others are in ${incompleteName(file)}; ${file} was left as it was. Mend them with trocla doctor's hints`,
	);
}
