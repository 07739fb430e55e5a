import type { Backend } from "../../backends/backend.js";
import { TroclaError } from "../errors.js";
import { fail, pages, type Row, readRows } from "./pages.js";
import type { Seal } from "./store.js";

/**
 * Refuses a seal that opens none of a store's records, before one more is added: with the right key ring back, nobody
 * could open that one any more. (Where a record is replaced, opening the old one tells.)
 *
 * @throws {TroclaError} `ring`
 */
export async function refuseMisfit(backend: Backend, seal: Seal): Promise<void> {
	if (!seal.misfit) return;
	const fault = seal.misfit((await someRows(backend)).flatMap(({ text }) => text ?? []));
	if (fault) throw new TroclaError("ring", fault.message, fault.hint);
}

async function someRows(backend: Backend): Promise<readonly Row[]> {
	const keys = await backend.some?.().catch(fail);
	if (keys) return await readRows(backend, keys).catch(fail);
	for await (const page of pages(backend, () => true, "")) return page;
	return [];
}
