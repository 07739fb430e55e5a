import { shellWord } from "../src/input.js";
import { describeSiteFault, type FaultyData } from "../src/publish/faults.js";
import type { Publication } from "../src/publish/publish.js";
import type { Context } from "./context.js";
import { count, number } from "./count.js";
import { tell } from "./output.js";

/** Tells what is wrong with the data, and gives the exit code. */
export function tellFaults(context: Context, error: FaultyData): number {
	const { code, message, hint, faults } = error;
	if (context.json) tell(JSON.stringify({ error: { code, message, hint, faults } }));
	else {
		for (const fault of faults) tell(`trocla: ${describeSiteFault(fault)}${fault.hint ? `\n  ${fault.hint}` : ""}`);
		tell(`trocla: ${message}\n  ${hint}`);
	}
	return 1;
}

/** Audits a publication that changed something on a host; new time stamps alone are none. */
export async function auditPublication(context: Context, { changed, added, removed }: Publication): Promise<void> {
	const count = changed.length + added.length + removed.length;
	if (count > 0) await context.note({ action: "publish", outcome: "done", count });
}

/** What is worth knowing about a publication, a text each: notes of the data, and passwords that nobody has. */
export function* remarks({ notes, missing }: Pick<Publication, "notes" | "missing">): Generator<string> {
	for (const note of notes) yield `note: ${describeSiteFault(note)}${note.hint ? `\n  ${note.hint}` : ""}`;
	for (const { key, format } of missing) {
		const remedy = `trocla create ${shellWord(key)} ${format} makes one`;
		yield `warning: ${JSON.stringify(key)} has no ${format}, so no password lets its users in: ${remedy}`;
	}
}

/** What a publication did, a sentence or a few. */
export function describePublication({ hosts, kept, changed, added, removed, unmanaged, made }: Publication): string {
	const parts = [
		...(changed.length > 0 ? [`${number(changed.length)} changed (${some(changed)})`] : []),
		...(added.length > 0 ? [`${number(added.length)} new (${some(added)})`] : []),
		...(removed.length > 0 ? [`${number(removed.length)} gone (${some(removed)})`] : []),
	];
	const what = parts.length > 0 ? parts.join(", ") : "nothing changed but their time stamps";
	const sentences = [
		`Published ${count(hosts, "host")}: ${what}.`,
		...(kept > 0 ? [`${count(kept, "other host")} ${kept === 1 ? "stays" : "stay"} as published before.`] : []),
		...(made > 0 ? [`Made ${made === 1 ? "1 hash" : `${number(made)} hashes`}.`] : []),
		...(unmanaged.length > 0 ? [`Not published, since no level has accounts for them: ${some(unmanaged)}.`] : []),
	];
	return sentences.join("\n");
}

const MOST_NAMED = 3;

/** The first few of a list of names, and how many more there are. */
export function some(names: readonly string[]): string {
	const first = names.slice(0, MOST_NAMED).join(", ");
	return names.length > MOST_NAMED ? `${first} and ${number(names.length - MOST_NAMED)} more` : first;
}
