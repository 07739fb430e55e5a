import type { Backend } from "../backends/backend.js";
import { TroclaError } from "./errors.js";
import { fail, pages, type Row } from "./record-pages.js";
import type { Fault, Seal } from "./record-store.js";

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
		// All at once: the backend may then commit many with one sync.
		const outcomes = await Promise.all(page.map((row) => resealRow(backend, seal, row)));
		for (const outcome of outcomes) {
			if (outcome === "gone") continue;
			pass.records++;
			if (typeof outcome === "object") {
				pass.unopened++;
				if (pass.faults.length < NAMED_FAULTS) pass.faults.push(outcome);
			} else if (outcome !== "current") {
				pass.tried++;
				if (outcome === "resealed") pass.resealed++;
			}
		}
		seen(pass.records);
	}
	return pass;
}

async function resealRow(
	backend: Backend,
	seal: Required<Seal>,
	{ key, text, fault }: Row,
): Promise<"current" | "gone" | "resealed" | "changed" | Fault> {
	if (fault) return { message: fault.message, hint: fault.hint };
	if (text === undefined) return "gone";
	try {
		if (seal.isCurrent(text)) return "current";
		const sealed = seal.close(seal.open(text, key), key);
		return (await backend.swap(key, text, sealed).catch(fail)) ? "resealed" : "changed";
	} catch (error) {
		// Anything else is of the store or the ring, and would be so for every record.
		if (!(error instanceof TroclaError) || error.code !== "damaged") throw error;
		return { message: error.message, hint: error.hint };
	}
}
