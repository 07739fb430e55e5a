import { describe, expect, test } from "vitest";
import { storeLabel } from "../../../src/config/store.js";
import type { TroclaError } from "../../../src/errors.js";
import { User } from "../../support/user.js";

const URL = "postgres://trocla@db.example.com/trocla";

/** The refusal of a store's options, whose values are never in it where they may be secret. */
async function refusal(options: object, store = "postgres"): Promise<string> {
	const config = JSON.stringify({ store, store_options: options });
	const error = await new User().load(config).then(
		() => expect.fail("taken"),
		(error: TroclaError) => error,
	);
	expect(error).toMatchObject({ name: "TroclaError", code: "config" });
	expect(`${error.message} ${error.hint} ${error.stack} ${JSON.stringify(error)}`).not.toContain("s3cr3t");
	return `${error.message.replace(/^\S+: /, "")}. ${error.hint}`;
}

describe("a store's URL", () => {
	test.each([
		"postgres://trocla:s3cr3t@db.example.com/trocla",
		"postgres://:s3cr3t@db.example.com/trocla",
		"http://trocla:s3cr3t@db.example.com",
	])("is refused with a password in it: %s", async (url) => {
		expect(await refusal({ url })).toBe(
			"store_options.url holds a password. Take it out, and name where it is with password_file or password_env",
		);
	});

	test.each([
		["mysql://trocla@db.example.com/trocla", `can't begin with "mysql://"`],
		["file:///etc/passwd", `can't begin with "file://"`],
		["db.example.com", "must be a URL"],
		["db.example.com:5432", `can't begin with "db.example.com://"`],
		["postgres://trocla@[::1/trocla", "must be a URL"],
		["", "must be a URL"],
		["postgres:trocla", "must have // after postgres:"],
		["postgres:/trocla@db.example.com/trocla", "must have // after postgres:"],
		["postgres://trocla:s3cr3t#@db.example.com/trocla", "must be a URL"],
		[5432, "must be a URL"],
		[["postgres://db.example.com"], "must be a URL"],
	])("must be one that the store can be at, which %j is not", async (url, why) => {
		expect(await refusal({ url })).toBe(`store_options.url ${why}. As in: postgres://trocla@db.example.com/trocla`);
	});

	test.each([
		["postgres", "postgres://trocla@db.example.com/trocla?password=s3cr3t"],
		["mysql", "mysql://trocla@db.example.com/trocla#s3cr3t"],
		["redis", "rediss://db.example.com/0?password=s3cr3t"],
		["redis", "unix:/run/redis.sock?db=1&password=s3cr3t"],
		["etcd", "https://etcd.example.com?password=s3cr3t"],
		["vault", "https://vault.example.com?token=s3cr3t"],
	])("of %s says where the server is, and nothing else: %s", async (store, url) => {
		expect(await refusal({ url }, store)).toMatch(/^store_options.url can't have a \? or #. .*store_options$/);
	});

	test("of a socket of Redis may name the database", async () => {
		for (const url of ["unix:/run/redis.sock", "unix:/run/redis.sock?db=3"]) {
			const { store } = await new User().load(JSON.stringify({ store: "redis", store_options: { url } }));
			expect(store.options).toEqual({ url: [url] });
		}
	});

	test("must be there", async () => {
		expect(await refusal({ password_file: "password" })).toMatch(
			/^store_options: store: postgres needs url. As in: .*postgres:/,
		);
		expect(await refusal({}, "mysql")).toMatch(/store: mysql needs url. As in: .*mysql:/);
	});

	test("is shown without who uses it", async () => {
		const label = async (options: object, store = "postgres") =>
			storeLabel((await new User().load(JSON.stringify({ store, store_options: options }))).store);
		expect(await label({ url: URL })).toBe("postgres://db.example.com/trocla");
		expect(await label({ url: "mariadb://some%40one@[::1]:3307/trocla" }, "mysql")).toBe("mariadb://[::1]:3307/trocla");
	});
});

describe("a store's password", () => {
	test("is known by where it is: in a file beside the configuration, a variable or a credential", async () => {
		const user = new User();
		const secrets = async (options: object) =>
			(await user.load(JSON.stringify({ store: "postgres", store_options: { url: URL, ...options } }))).store.secrets;
		expect(await secrets({})).toEqual({});
		const file = { kind: "file", path: `${user.home}/db-password` };
		expect(await secrets({ password_file: "db-password" })).toEqual({ password: file });
		expect(await secrets({ password_file: "~/db-password" })).toEqual({ password: file });
		expect(await secrets({ password_env: "DB_PASSWORD" })).toEqual({ password: { kind: "env", name: "DB_PASSWORD" } });
		expect(await secrets({ password_credential: "db.password" })).toEqual({
			password: { kind: "credential", name: "db.password" },
		});
	});

	test.each([
		[{ password: "s3cr3t" }, 'unknown key "password"'],
		[{ password_file: "a", password_env: "B" }, "names password_file and password_env. One of them is enough"],
		[{ password_file: ["s3cr3t"] }, ".password_file must be a file's path"],
		[{ password_env: "s3cr3t !" }, ".password_env must be a variable's name"],
		[{ password_credential: "../s3cr3t" }, ".password_credential must be a credential's name, as in LoadCredential="],
		[{ pasword_file: "x" }, 'unknown key "pasword_file" (store: postgres). Did you mean password_file?'],
	])("is not taken as %j", async (options, why) => {
		expect(await refusal({ url: URL, ...options })).toContain(`store_options${why.startsWith(".") ? "" : ": "}${why}`);
	});
});

test.each([
	[{ seconds: 0 }, ".seconds must be a whole number from 1"],
	[{ seconds: 0.5 }, ".seconds must be a whole number from 1"],
	[{ connections: "many" }, ".connections must be a whole number from 1"],
	[{ tls: "yes" }, ".tls must be true or false"],
	[{ table: "" }, ".table must be a text"],
	[{ table: 5 }, ".table must be a text"],
	[{ ca: "" }, ".ca must be a file's path"],
	[{ path: "/x" }, ': unknown key "path" (store: postgres)'],
])("a store's option %j is refused", async (option, why) => {
	expect(await refusal({ url: URL, ...option })).toContain(`store_options${why}`);
});

test("paths among a store's options are relative to the configuration, the others are as they are", async () => {
	const user = new User();
	const options = { url: URL, ca: "ca.pem", certificate: "/c.pem", key: "~/k.pem", tls: true, table: "t", seconds: 5 };
	const { store } = await user.load(JSON.stringify({ store: "postgres", store_options: options }));
	expect(store).toEqual({
		name: "postgres",
		options: { ...options, ca: `${user.home}/ca.pem`, key: `${user.home}/k.pem` },
		secrets: {},
	});
});
