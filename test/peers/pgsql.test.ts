import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { using } from "../support/formats.js";
import { awkward, passwords } from "../support/passwords.js";
import { missing } from "../support/peers.js";
import { literal, Postgres } from "../support/postgres.js";

/** Passwords that SASLprep changes, and those that it prohibits, which PostgreSQL takes as they are. */
const prepared = {
	"a ligature": "ﬁne",
	"a roman numeral": "Ⅳ",
	"full-width letters": "ｐａｓｓ",
	"half-width kana": "ﾊﾟｽﾜｰﾄﾞ",
	"a soft hyphen": "pass\u00adword",
	"nothing but a soft hyphen": "\u00ad",
	"a no-break space": "pass\u00a0word",
	"a zero-width space": "pass\u200bword",
	"an ideographic space": "パス\u3000ワード",
	"an ordinal": "ª",
	"Hebrew only": "סיסמה",
	"a control character": "pass\u0007wörd",
	"a C1 control character": "pass\u0085word",
	"a private use character": "pass\ue000word",
	"a noncharacter": "pass\uffffword",
	"a language tag": "pass\u{e0001}word",
	"an emoji that Unicode 3.2 had not assigned": "🔑",
	"a fraction that Unicode 3.2 had not assigned": "⅐",
	"an era that Unicode 3.2 had not assigned": "㋿",
	"a squared letter that Unicode 3.2 had not assigned": "🄰",
	"a deprecated tone mark that normalization replaces": "e\u0340",
	"Hebrew and Latin": "סיסמה1a",
	"Arabic with a digit at its end": "\u06271",
	"an alef symbol among letters": "aℵ",
	"a letter-like sign among Arabic": "ا℀ا",
};

describe.skipIf(missing("initdb", "postgres", "psql"))("PostgreSQL (needs postgresql)", () => {
	let postgres: Postgres;

	beforeAll(async () => {
		postgres = await Postgres.start();
		await postgres.sql("CREATE ROLE alice LOGIN");
	});
	afterAll(() => postgres?.stop());

	const give = (value: string) => postgres.sql(`ALTER ROLE alice PASSWORD ${literal(value)}`);
	const login = (password: string, method: "scram-sha-256" | "md5" = "scram-sha-256") =>
		postgres.login("alice", password, { method });

	const accepted = { code: 0, stdout: "alice\n", stderr: "" };
	const refused = { code: 2, stdout: "", stderr: expect.stringContaining("password authentication failed") };

	it.each(Object.entries({ ...awkward, ...prepared }))(
		"lets a role with trocla's verifier in with %s, and not with another password",
		async (_, password) => {
			await give(await using("pgsql").derive(password));
			expect(await login(password)).toEqual(accepted);
			expect(await login(`${password}.`)).toEqual(refused);
		},
	);

	it("keeps trocla's verifier as it is instead of hashing it", async () => {
		const verifier = await using("pgsql").derive("secret");
		await give(verifier);
		expect(await postgres.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'alice'")).toEqual([verifier]);
	});

	it("lets a role in with any password that trocla made a verifier for", async () => {
		await fc.assert(
			fc.asyncProperty(passwords({ maxBytes: 64 }), async (password) => {
				await give(await using("pgsql").derive(password));
				expect(await login(password)).toEqual(accepted);
				expect(await login(`x${password}`)).toEqual(refused);
			}),
			{ numRuns: 20, endOnFailure: true },
		);
	});

	it.each(Object.entries({ ...awkward, ...prepared }))(
		"makes a verifier of %s that trocla verifies",
		async (_, password) => {
			await give(password);
			const [verifier = ""] = await postgres.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'alice'");
			expect(await using("pgsql").verify(password, verifier)).toBe(true);
			expect(await using("pgsql").verify(`${password}.`, verifier)).toBe(false);
		},
	);

	it("makes verifiers that trocla verifies, of characters that normalization changes", async () => {
		const changed = Array.from({ length: 0x11_0000 }, (_, codePoint) => codePoint)
			.filter((codePoint) => codePoint < 0xd8_00 || codePoint > 0xdf_ff)
			.map((codePoint) => String.fromCodePoint(codePoint))
			.filter((character) => character.normalize("NFKC") !== character);
		const text = fc.array(fc.constantFrom(...changed, "a", "1", "ا"), { minLength: 1, maxLength: 3 });
		await fc.assert(
			fc.asyncProperty(fc.array(text, { minLength: 100, maxLength: 100 }), async (texts) => {
				const batch = texts.map((characters) => characters.join(""));
				const sql = batch.map(
					(password) => `ALTER ROLE alice PASSWORD ${literal(password)};
						SELECT rolpassword FROM pg_authid WHERE rolname = 'alice';`,
				);
				const verifiers = await postgres.sql(sql.join("\n"));
				const verdicts = await Promise.all(
					batch.map((password, index) => using("pgsql").verify(password, verifiers[index] ?? "")),
				);
				expect(batch.filter((_, index) => !verdicts[index])).toEqual([]);
			}),
			{ numRuns: 3, endOnFailure: true },
		);
	});

	describe("with md5", () => {
		const md5 = using("pgsql", { encode: "md5", username: "alice" });

		it.each(Object.entries(awkward))(
			"lets a role with trocla's hash in with %s, and not with another",
			async (_, password) => {
				await give(await md5.derive(password));
				expect(await login(password, "md5")).toEqual(accepted);
				expect(await login(`${password}.`, "md5")).toEqual(refused);
			},
		);

		it("makes a hash that trocla verifies with the role's name, and not with another's", async () => {
			const [, hash = ""] = await postgres.sql(`SET password_encryption = md5; ALTER ROLE alice PASSWORD 'sécret';
				SELECT '', ''; SELECT rolpassword FROM pg_authid WHERE rolname = 'alice'`);
			expect(await md5.verify("sécret", hash)).toBe(true);
			expect(await md5.verify("secret", hash)).toBe(false);
			expect(await using("pgsql", { encode: "md5", username: "bob" }).verify("sécret", hash)).toBe(false);
		});
	});
});
