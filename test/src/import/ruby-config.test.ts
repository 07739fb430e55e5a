import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isRubyConfig, readRubyConfig } from "../../../src/import/ruby-config.js";
import { findRubyMove } from "../../../src/import/ruby-places.js";
import { Sandbox } from "../../support/sandbox.js";
import { User } from "../../support/user.js";

function config(yaml: string): string {
	const path = new Sandbox().path("ruby.yaml");
	writeFileSync(path, yaml);
	return path;
}

const YAML = `---
store: :moneta
store_options:
  adapter: :YAML
  adapter_options:
    :file: '/srv/trocla.yaml'
encryption: :ssl
encryption_options:
    :private_key: '/srv/private.pem'
    :public_key: '/srv/public.pem'
`;

describe("a Ruby trocla's configuration says where its passwords are", () => {
	test.each([
		[
			"YAML with ssl",
			YAML,
			{ adapter: "YAML", file: "/srv/trocla.yaml", privateKey: "/srv/private.pem", publicKey: "/srv/public.pem" },
		],
		[
			"as it was before version 0.3",
			"adapter: :YAML\nadapter_options:\n  :file: /srv/t.yaml\nencryption: :ssl\nssl_options:\n  :private_key: /k\n",
			{ adapter: "YAML", file: "/srv/t.yaml", privateKey: "/k" },
		],
		["without a store", "options:\n  length: 20\n", { adapter: "YAML", file: "/tmp/trocla.yaml" }],
		["without a word", "", { adapter: "YAML", file: "/tmp/trocla.yaml" }],
		[
			"SQLite, absolute",
			sql("sqlite:///srv/trocla.db"),
			{ adapter: "Sequel", file: "/srv/trocla.db", table: "trocla" },
		],
		[
			"SQLite, relative",
			sql("sqlite://trocla.db?timeout=3"),
			{ adapter: "Sequel", file: "trocla.db", table: "trocla" },
		],
		[
			"SQLite of JRuby",
			sql("jdbc:sqlite:/srv/trocla.db"),
			{ adapter: "Sequel", file: "/srv/trocla.db", table: "trocla" },
		],
		[
			"SQLite, as a map",
			sql("{:adapter: sqlite, :database: /srv/trocla.db}"),
			{ adapter: "Sequel", file: "/srv/trocla.db", table: "trocla" },
		],
		[
			"SQLite, moneta's own table",
			sql("sqlite:///srv/t.db", ""),
			{ adapter: "Sequel", file: "/srv/t.db", table: "moneta" },
		],
	])("%s", async (_, yaml, expected) => {
		expect(await readRubyConfig(config(yaml))).toEqual(expected);
	});

	test.each([
		["Vault", "store: :vault\nstore_options:\n  :mount: kv\n", 'store: "vault" is no store that import reads'],
		["another adapter", "store_options: {adapter: :Redis}", 'adapter "Redis" is none that import reads'],
		["MySQL", sql("mysql2://db.example.com"), "the SQL store is mysql2:"],
		["PostgreSQL", sql("postgres://u:geheim@db/trocla"), "the SQL store is postgres:"],
		["a database without a name", sql("7"), "the SQL store is no SQLite file"],
		["compressed values", `${sql("sqlite:///t.db")}    :compress: true\n`, "adapter_options.compress"],
		["another encryption", "encryption: :gpg", 'encryption: "gpg" is none that import knows'],
		["ssl without a key", "encryption: :ssl", "encryption_options.private_key must name"],
		["no file", "store_options: {adapter: :YAML, adapter_options: {}}", "adapter_options.file must name"],
		["no YAML", "store: [", "is not YAML"],
		["no map", "- store", "is no configuration"],
	])("%s is refused by name", async (_, yaml, message) => {
		const path = config(yaml);
		const refusal = await readRubyConfig(path).catch((error) => error);
		expect(refusal).toMatchObject({ code: "config", message: expect.stringContaining(message) });
		expect(refusal.message).toContain(path);
		expect(`${refusal.message} ${refusal.hint}`).not.toContain("geheim");
	});
});

function sql(db: string, table = "    :table: trocla\n"): string {
	return `store: :moneta\nstore_options:\n  adapter: :Sequel\n  adapter_options:\n    :db: ${db}\n${table}`;
}

test("this trocla's configuration is not taken for a Ruby one", async () => {
	for (const yaml of [
		"",
		"store: sqlite",
		"options: {length: 20}",
		"store_options: {path: /srv/t.sqlite}",
		"store: [",
	]) {
		expect(await isRubyConfig(config(yaml)), yaml).toBe(false);
	}
	expect(await isRubyConfig("/nowhere/troclarc.yaml")).toBe(false);
	for (const yaml of [YAML, ":store: :moneta", "adapter: :YAML", "store_options: {adapter: :YAML}"]) {
		expect(await isRubyConfig(config(yaml)), yaml).toBe(true);
	}
});

describe("both ends of a move are found", () => {
	const OURS = "store_options: {path: /srv/ours.sqlite}";
	const nothing = { config: undefined, source: undefined, file: undefined };

	test("a Ruby configuration that --config names is the source; the target is where trocla keeps its passwords", async () => {
		const user = new User();
		const ruby = user.write(YAML, `${user.home}/ruby.yaml`);
		const move = { from: { file: "/srv/trocla.yaml" }, to: { file: undefined } };
		expect(await findRubyMove({ ...nothing, config: ruby }, user.around)).toMatchObject(move);
		user.write(OURS);
		expect(await findRubyMove({ ...nothing, config: ruby }, user.around)).toMatchObject({
			to: { file: user.file, store: { options: { path: "/srv/ours.sqlite" } } },
		});
	});

	test("a Ruby configuration in the usual place is the source by itself, and never the target", async () => {
		const user = new User();
		user.write(YAML);
		expect(await findRubyMove(nothing, user.around)).toMatchObject({
			from: { file: "/srv/trocla.yaml", privateKey: "/srv/private.pem" },
			to: { file: undefined, store: { options: { path: expect.stringContaining(user.home) } } },
		});
		const ours = user.write(OURS, `${user.home}/ours.yaml`);
		for (const asked of [
			findRubyMove({ ...nothing, config: ours }, user.around),
			findRubyMove(nothing, { ...user.around, env: { TROCLA_CONFIG: ours } }),
			findRubyMove({ ...nothing, config: ours, source: user.file }, user.around),
			findRubyMove({ ...nothing, config: user.file }, { ...user.around, env: { TROCLA_CONFIG: ours } }),
		]) {
			expect(await asked).toMatchObject({ from: { file: "/srv/trocla.yaml" }, to: { file: ours } });
		}
	});

	test("--file needs no configuration, and takes the place of the store that one names", async () => {
		const user = new User();
		const ours = user.write(OURS);
		expect(await findRubyMove({ ...nothing, file: "/root/copy" }, user.around)).toEqual({
			from: { file: "/root/copy", adapter: undefined },
			to: expect.objectContaining({ file: ours }),
		});
		const ruby = user.write(YAML, `${user.home}/ruby.yaml`);
		expect(await findRubyMove({ ...nothing, config: ruby, file: "/root/copy" }, user.around)).toMatchObject({
			from: { file: "/root/copy", adapter: undefined, privateKey: "/srv/private.pem" },
		});
	});

	test("where there is no source at all, that is said", async () => {
		const user = new User();
		user.write(OURS);
		await expect(findRubyMove(nothing, user.around)).rejects.toMatchObject({
			code: "source",
			hint: "Name it with --source, or its store with --file",
		});
	});
});
