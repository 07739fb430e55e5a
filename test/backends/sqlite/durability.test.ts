import type { KeyvSqlite } from "@keyv/sqlite";
import { expect, test, vi } from "vitest";
import { openSqlite } from "../../../backends/sqlite.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";

// How a connection syncs is asked of the connection itself, so this keeps those that the store makes.
const connections: KeyvSqlite[] = [];

vi.mock("@keyv/sqlite", async (original) => {
	const actual = await original<typeof import("@keyv/sqlite")>();
	return {
		...actual,
		KeyvSqlite: class extends actual.KeyvSqlite {
			constructor(...options: ConstructorParameters<typeof actual.KeyvSqlite>) {
				super(...options);
				connections.push(this);
			}
		},
	};
});

test("a store is in WAL mode and syncs each commit, the one that makes it and the ones that find it", async () => {
	const { store } = new Sandbox();
	for (const _ of ["new", "found"]) {
		const backend = await openSqlite(store);
		cleanUp(() => backend.close());
		await backend.swap("a", await backend.read("a"), "x");
		// https://sqlite.org/pragma.html#pragma_synchronous: 2 is FULL
		expect(await connections.at(-1)?.query("PRAGMA synchronous")).toEqual([{ synchronous: 2 }]);
		expect(await connections.at(-1)?.query("PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }]);
	}
});
