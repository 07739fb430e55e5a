import type { Backend, Swap } from "../../backends/backend.js";
import { TroclaError } from "../errors.js";
import { notDone, pages, type Row } from "../records/pages.js";
import type { Fault, Seal } from "../records/store.js";

export interface Resealing {
	/** How many records there are. */
	readonly records: number;
	/** How many of them were sealed anew. */
	readonly resealed: number;
	/** How many can't be opened, so that they are as they were. */
	readonly unopened: number;
	/** Why, of the first hundred. */
	readonly faults: readonly Fault[];
}

const NAMED_FAULTS = 100;

/**
 * Seals every record with the ring's newest key that is not sealed with it yet, in passes over the store until one
 * finds nothing to do. Other processes go on meanwhile: each record is exchanged where it still is what was read, and
 * where another process was faster, the next pass looks at what that one wrote. Ended at any moment, it goes on when
 * it is called again.
 *
 * @param seen - hears how many records the pass has looked at so far
 * @throws {TroclaError} `store`, `ring`
 */
export async function resealAll(
	backend: Backend,
	seal: Required<Seal>,
	seen: (records: number) => void,
): Promise<Resealing> {
	let resealed = 0;
	for (;;) {
		const pass = await resealOnce(backend, seal, seen);
		resealed += pass.resealed;
		if (pass.tried === 0) return { ...pass, resealed };
	}
}

async function resealOnce(backend: Backend, seal: Required<Seal>, seen: (records: number) => void) {
	const pass = { records: 0, tried: 0, resealed: 0, unopened: 0, faults: [] as Fault[] };
	for await (const page of pages(backend, () => true, "")) {
		const swaps: Swap[] = [];
		for (const row of page) {
			if (row.text === undefined && !row.fault) continue;
			pass.records++;
			const due = resealed(seal, row);
			if (due && "message" in due) {
				pass.unopened++;
				if (pass.faults.length < NAMED_FAULTS) pass.faults.push(due);
			} else if (due) swaps.push(due);
		}
		const done = await Promise.all(backend.swapMany(swaps).map((swap) => swap.catch(notDone)));
		pass.tried += swaps.length;
		pass.resealed += done.filter(Boolean).length;
		seen(pass.records);
	}
	return pass;
}

/** How a record is to be exchanged, or why it can't be; `undefined` for one that needs nothing. */
function resealed(seal: Required<Seal>, { key, text, fault }: Row): Swap | Fault | undefined {
	if (fault) return { message: fault.message, hint: fault.hint };
	if (text === undefined || seal.isCurrent(text)) return undefined;
	try {
		return { key, before: text, after: seal.close(seal.open(text, key), key) };
	} catch (error) {
		// Anything else is of the ring, and would be so for every record.
		if (!(error instanceof TroclaError) || error.code !== "damaged") throw error;
		return { message: error.message, hint: error.hint };
	}
}
