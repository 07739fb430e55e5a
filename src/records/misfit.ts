import type { Backend } from "../../backends/backend.js";
import { TroclaError } from "../errors.js";
import { pages } from "./pages.js";
import type { Seal } from "./store.js";

/**
 * Refuses a seal that opens none of a store's records, before one more is added: with the right key ring back, nobody
 * could open that one any more. (Where a record is replaced, opening the old one tells.)
 *
 * @throws {TroclaError} `ring`
 */
export async function refuseMisfit(backend: Backend, seal: Seal): Promise<void> {
	if (!seal.misfit) return;
	for await (const page of pages(backend, () => true, "")) {
		const fault = seal.misfit(page.flatMap(({ text }) => text ?? []));
		if (fault) throw new TroclaError("ring", fault.message, fault.hint);
		return;
	}
}
