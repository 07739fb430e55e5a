import { type Backend, BackendError } from "../../backends/backend.js";
import { TroclaError } from "../errors.js";

/** What a backend has for a key (`undefined` for nothing any more), or why it can't be read. */
export interface Row {
	readonly key: string;
	readonly text: string | undefined;
	readonly fault?: BackendError;
}

const PAGE_KEYS = 500;

/**
 * All rows whose keys are wanted, in the order of their keys, some hundred at a time.
 *
 * @param prefix - what the wanted keys begin with
 * @throws {TroclaError} `store`, `damaged`
 */
export async function* pages(
	backend: Backend,
	wanted: (key: string) => boolean,
	prefix: string,
): AsyncGenerator<Row[]> {
	let keys: string[] = [];
	try {
		for await (const key of backend.keys(prefix)) {
			if (!key.startsWith(prefix)) break;
			if (!wanted(key)) continue;
			if (keys.push(key) < PAGE_KEYS) continue;
			yield await readRows(backend, keys);
			keys = [];
		}
		yield await readRows(backend, keys);
	} catch (error) {
		fail(error);
	}
}

/**
 * The rows of these keys, in their order, some hundred at a time.
 *
 * @throws {TroclaError} `store`
 */
export async function* pagesOf(backend: Backend, keys: readonly string[]): AsyncGenerator<Row[]> {
	for (let first = 0; first < keys.length; first += PAGE_KEYS) {
		yield await readRows(backend, keys.slice(first, first + PAGE_KEYS)).catch(fail);
	}
}

/**
 * The rows of these keys, in their order.
 *
 * @throws {BackendError}
 */
export async function readRows(backend: Backend, keys: readonly string[]): Promise<Row[]> {
	try {
		const texts = await backend.readMany(keys);
		return keys.map((key, index) => ({ key, text: texts[index] }));
	} catch (error) {
		if (!isDamage(error)) throw error;
		// One row that can't be read does not hide the others.
		return await Promise.all(keys.map((key) => readRow(backend, key)));
	}
}

async function readRow(backend: Backend, key: string): Promise<Row> {
	try {
		return { key, text: await backend.read(key) };
	} catch (error) {
		if (!isDamage(error)) throw error;
		return { key, text: undefined, fault: error };
	}
}

const isDamage = (error: unknown): error is BackendError => error instanceof BackendError && error.fault === "damaged";

/** What a backend throws, as an error of the product's. */
export function fail(error: unknown): never {
	throw error instanceof BackendError ? storeError(error) : error;
}

/**
 * Takes a swap that was lost, and not done, for one that another process was faster than.
 *
 * @throws what else went wrong
 */
export function notDone(error: unknown): false {
	if (error instanceof BackendError && error.fault === "lost") return false;
	return fail(error);
}

/** A backend's error as one of the product's. */
export function storeError(error: BackendError): TroclaError {
	return new TroclaError(error.fault === "damaged" ? "damaged" : "store", error.message, error.hint, error);
}

/** Whether not the key that was asked for is at fault, but what all are read and written with: no other would do better. */
export function concernsStore({ code, cause }: TroclaError): boolean {
	if (code === "damaged") return cause instanceof BackendError && cause.key === undefined;
	return code === "store" || code === "ring" || code === "config";
}
