import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { using } from "../support/formats.js";
import { MariaDb } from "../support/mariadb.js";
import { awkward, passwords } from "../support/passwords.js";
import { missing } from "../support/peers.js";

describe.skipIf(missing("mariadb-install-db", "mariadbd", "mariadb"))("MariaDB (needs mariadb-server)", () => {
	let mariadb: MariaDb;

	beforeAll(async () => {
		mariadb = await MariaDb.start();
		await mariadb.sql(`
			INSTALL SONAME 'auth_ed25519';
			CREATE FUNCTION ed25519_password RETURNS STRING SONAME 'auth_ed25519.so';
			CREATE USER alice@'127.0.0.1';
		`);
	});
	afterAll(() => mariadb?.stop());

	const accepted = { code: 0, stdout: "alice@127.0.0.1\n", stderr: "" };
	const refused = {
		code: 1,
		stdout: "",
		stderr: expect.stringContaining("Access denied for user 'alice'@'127.0.0.1'"),
	};

	describe.each(["mysql_native_password", "ed25519"] as const)("%s", (plugin) => {
		const format = using("mysql", { plugin });
		const give = (value: string) =>
			mariadb.sql(`ALTER USER alice@'127.0.0.1' IDENTIFIED VIA ${plugin} USING '${value}'`);

		it.each(Object.entries(awkward))(
			"lets a user with trocla's value in with %s, and not with another password",
			async (_, password) => {
				await give(await format.derive(password));
				expect(await mariadb.login("alice", password)).toEqual(accepted);
				expect(await mariadb.login("alice", `${password}.`)).toEqual(refused);
			},
		);

		it("lets a user in with any password that trocla made a value for", async () => {
			await fc.assert(
				fc.asyncProperty(passwords({ maxBytes: 64 }), async (password) => {
					await give(await format.derive(password));
					expect(await mariadb.login("alice", password)).toEqual(accepted);
					expect(await mariadb.login("alice", `x${password}`)).toEqual(refused);
				}),
				{ numRuns: 20, endOnFailure: true },
			);
		});

		it.each(Object.entries(awkward))("makes trocla's value of %s itself", async (_, password) => {
			const bytes = `0x${Buffer.from(password).toString("hex")}`;
			const made = plugin === "ed25519" ? `ed25519_password(${bytes})` : `PASSWORD(${bytes})`;
			expect(await mariadb.sql(`SELECT ${made}`)).toEqual([await format.derive(password)]);
		});
	});
});
