import { expect } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import type { StoreServer } from "./store-server.js";

/** What a server keeps of a key that is `a` for a store. */
export interface OwnRow {
	put(row: string): Promise<unknown>;
	get(): Promise<string>;
}

/** Expects that a store recognises a text in a row that it would not write itself. */
export async function recognisesOtherRows(backend: Backend, own: OwnRow): Promise<void> {
	const row = '{"expires":null, "value":"1"}';
	await own.put(row);
	expect(await backend.swap("a", "0", "2")).toBe(false);
	expect(await backend.swap("a", "1", "1")).toBe(true);
	expect(await own.get()).toBe(row);
	expect(await backend.swap("a", "1", "2")).toBe(true);
	await own.put(row);
	expect(await Promise.all(backend.swapMany([{ key: "a", before: "1", after: undefined }]))).toEqual([true]);
	expect(await backend.read("a")).toBeUndefined();
}

/** Expects that a server has what it answered after it was killed, and that the store waits for it meanwhile. */
export async function outlivesItsServer(backend: Backend, server: StoreServer): Promise<void> {
	const keys = Array.from({ length: 200 }, (_, n) => `k${n}`);
	expect(new Set(await Promise.all(keys.map((key) => backend.swap(key, undefined, key))))).toEqual(new Set([true]));
	await server.kill();
	const asked = backend.readMany(keys);
	await server.again();
	expect(await asked).toEqual(keys);
	expect(await backend.swap("k0", "k0", "1")).toBe(true);
}
