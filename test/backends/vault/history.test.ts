import fc from "fast-check";
import { expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import { BackendError } from "../../../backends/backend.js";
import { servedVault } from "../../support/vault/served.js";
import type { Mishap } from "../../support/vault/vault.js";

const served = servedVault();

/** A change whose answer was true, or whose fate could not be told. */
interface Change {
	readonly before: string | undefined;
	readonly after: string | undefined;
	readonly isKnown: boolean;
}

/** Every text is written once only, so what was stored is one chain of changes. */
async function changes(backend: Backend, writer: number, count: number): Promise<Change[]> {
	const made: Change[] = [];
	for (let n = 0; n < count; n++) {
		const before = await backend.read("a");
		const after = n % 5 === 4 && before !== undefined ? undefined : `${writer}:${n}`;
		const change = { before, after };
		try {
			if (await backend.swap("a", before, after)) made.push({ ...change, isKnown: true });
		} catch (error) {
			if (!(error instanceof BackendError)) throw error;
			expect(["lost", "unknown"]).toContain(error.fault);
			made.push({ ...change, isKnown: false });
		}
	}
	return made;
}

test("four stores' changes over connections that are cut are one history, and none that was said to be done is lost", async () => {
	const mishaps = fc.array(fc.constantFrom<Mishap | undefined>("cut", "done, then cut", ...Array(10).fill(undefined)), {
		minLength: 500,
		maxLength: 500,
	});
	const property = fc.asyncProperty(mishaps, async (mishaps) => {
		const first = await served.open();
		const others = await Promise.all([1, 2, 3].map(() => served.open({ prefix: first.prefix })));
		served.vault.befalls = () => mishaps.pop();
		const made = (await Promise.all([first, ...others].map((backend, writer) => changes(backend, writer, 25)))).flat();
		served.vault.befalls = () => undefined;
		const last = await first.read("a");

		const known = made.filter(({ isKnown }) => isKnown);
		const written = made.flatMap(({ after }) => after ?? []);
		const replaced = made.map(({ before }) => before);
		// No text was replaced twice, none that was written was lost, and nothing is stored that nobody wrote.
		const takenFrom = known.flatMap(({ before }) => before ?? []);
		expect(new Set(takenFrom).size).toBe(takenFrom.length);
		const lost = known.filter(({ after }) => after !== undefined && after !== last && !replaced.includes(after));
		expect(lost).toEqual([]);
		expect([undefined, ...written]).toContain(last);
		expect(replaced.filter((text) => text !== undefined && !written.includes(text))).toEqual([]);
		expect(known.length).toBeGreaterThan(20);
	});
	await fc.assert(property, { numRuns: 8, endOnFailure: true });
});
