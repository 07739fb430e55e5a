import { existsSync } from "node:fs";
import { KeyvSqlite } from "@keyv/sqlite";
import { describe, expect, test, vi } from "vitest";
import type { Backend } from "../../backends/backend.js";
import { openSqlite } from "../../backends/sqlite.js";
import { connect } from "../../backends/sqlite-connection.js";
import { RepeatedQuery } from "../../backends/sqlite-repeated.js";
import { cleanUp, Sandbox } from "../support/sandbox.js";

/** A store with a record that was read so often that its statements are kept. */
async function readOften(): Promise<{ store: string; backend: Backend }> {
	const { store } = new Sandbox();
	const backend = await openSqlite(store);
	cleanUp(() => backend.close());
	await backend.swap("alice", undefined, "1");
	for (let time = 0; time < 3; time++) expect(await both(backend)).toEqual(["1", "1"]);
	return { store, backend };
}

async function both(backend: Backend): Promise<unknown[]> {
	return [await backend.read("alice"), ...(await backend.readMany(["alice"]))];
}

/** Another connection, as another program has one. */
function other(store: string): KeyvSqlite {
	const sqlite = new KeyvSqlite({ uri: `sqlite://${store}` });
	cleanUp(() => sqlite.close());
	return sqlite;
}

const value = (text: string) => JSON.stringify({ value: text });

describe("what is read again and again", () => {
	test("is what another connection has committed a moment ago", async () => {
		const { store, backend } = await readOften();
		const writer = other(store);
		for (const text of ["2", "3", "4"]) {
			await writer.query("UPDATE keyv SET value = ?", value(text));
			expect(await both(backend)).toEqual([text, text]);
		}
		await writer.query("DELETE FROM keyv");
		expect(await both(backend)).toEqual([undefined, undefined]);
	});

	test("is read on when the schema has changed and the file was written anew", async () => {
		const { store, backend } = await readOften();
		const writer = other(store);
		await writer.query("CREATE INDEX another ON keyv (value)");
		await writer.query("VACUUM");
		await writer.query("UPDATE keyv SET value = ?", value("2"));
		expect(await both(backend)).toEqual(["2", "2"]);
		expect(await backend.scrub?.()).toBe(true);
		expect(await both(backend)).toEqual(["2", "2"]);
	});

	test("is read again after an error", async () => {
		const { store, backend } = await readOften();
		const writer = other(store);
		await writer.query("ALTER TABLE keyv RENAME TO away");
		for (let time = 0; time < 3; time++) {
			await expect(backend.read("alice")).rejects.toMatchObject({ fault: "unavailable" });
			await expect(backend.readMany(["alice"])).rejects.toMatchObject({ fault: "unavailable" });
		}
		await writer.query("ALTER TABLE away RENAME TO keyv");
		for (let time = 0; time < 3; time++) expect(await both(backend)).toEqual(["1", "1"]);
	});

	test("keeps nobody from the database between two reads", async () => {
		const { store, backend } = await readOften();
		const writer = other(store);
		// A snapshot that is still looked at would keep the log from being moved.
		await writer.query("UPDATE keyv SET value = ?", value("2"));
		expect(await writer.query("PRAGMA wal_checkpoint(TRUNCATE)")).toMatchObject([{ busy: 0 }]);
		expect(await both(backend)).toEqual(["2", "2"]);
	});

	test("is prepared by the adapter once, and then kept", async () => {
		const { store } = await readOften();
		const connection = connect(store);
		const asked = vi.spyOn(connection.adapter, "query");
		const query = new RepeatedQuery(connection, "SELECT key FROM keyv WHERE key = ?");
		for (let time = 0; time < 5; time++) expect(await query.all("trocla:alice")).toEqual([{ key: "trocla:alice" }]);
		expect(asked).toHaveBeenCalledTimes(1);
		query.close();
		await connection.adapter.close();
	});

	test("does not keep the store from being closed", async () => {
		const { store, backend } = await readOften();
		await backend.close();
		expect([existsSync(store), existsSync(`${store}-wal`)]).toEqual([true, false]);
		await expect(backend.read("alice")).rejects.toMatchObject({ message: expect.stringContaining("closed already") });
	});

	for (const reads of [1, 2, 3, 20]) {
		test(`is there still where the store is closed while it is read, ${reads} at a time`, async () => {
			const { store } = new Sandbox();
			const first = await openSqlite(store);
			await first.swap("alice", undefined, "1");
			await first.close();
			const backend = await openSqlite(store);
			// The first read is the adapter's own, the second prepares a statement.
			for (let time = 0; time < reads % 4; time++) await backend.read("alice");
			const reading = Promise.all(Array.from({ length: reads }, () => backend.read("alice")));
			await backend.close();
			expect(await reading).toEqual(Array.from({ length: reads }, () => "1"));
			expect(existsSync(`${store}-wal`)).toBe(false);
		});
	}
});
