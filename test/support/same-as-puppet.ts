import { expect } from "vitest";
import { HieraSite } from "./hiera-site.js";
import type { Puppet, PuppetAnswer, PuppetLookup } from "./puppet.js";

/** A `hiera.yaml` with one level, `data/common.yaml`. */
export const COMMON = "version: 5\nhierarchy:\n  - {name: Common, data_hash: yaml_data, path: common.yaml}\n";

/** A look-up for each of these keys. */
export const keys = (...names: string[]) => names.map((name) => ({ keys: [name] }));

/** Expects the same answers of trocla and Puppet on a site of these files, or that both fail. */
export async function expectSame(
	puppet: Puppet,
	files: { readonly [path: string]: string | object },
	lookups: readonly PuppetLookup[],
): Promise<void> {
	const site = new HieraSite(files);
	try {
		const [ours, theirs] = [await site.ours(lookups), await site.theirs(puppet, lookups)];
		const shown = (answers: readonly PuppetAnswer[], other: readonly PuppetAnswer[]) =>
			answers.map((answer, index) => {
				const isFailure = "error" in answer && "error" in (other[index] ?? {});
				return { ...lookups[index], ...(isFailure ? { error: "both" } : answer) };
			});
		expect(shown(ours, theirs)).toEqual(shown(theirs, ours));
	} finally {
		site.remove();
	}
}
