import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Foreign } from "../../src/import/foreign.js";
import { readRuby } from "../../src/import/ruby.js";
import { readRubyConfig } from "../../src/import/ruby-config.js";
import { all, leavesUntouched } from "../support/foreign.js";
import { awkward } from "../support/passwords.js";
import { missing, pathOf } from "../support/peers.js";
import { Sandbox } from "../support/sandbox.js";

/** A key as Ruby is to store it: `encoding` is that of its texts, `symbol` makes the key one. */
interface Stored {
	readonly key: string;
	readonly formats: { readonly [format: string]: string };
	readonly expires?: number;
	readonly encoding?: "binary";
	readonly symbol?: boolean;
}

/** Stores what stands on its standard input with moneta, as the configuration says. */
const STORE = `
require "json"
require "moneta"
config = YAML.unsafe_load_file(ARGV[0])["store_options"] rescue YAML.load_file(ARGV[0])["store_options"]
store = Moneta.new(config["adapter"], { expires: true }.merge(config["adapter_options"]))
text = ->(value, item) { item["encoding"] ? value.b : value }
JSON.parse(STDIN.read).each do |item|
  entry = item["formats"].to_h { |format, value| [format, text.(value, item)] }
  entry["_expires"] = item["expires"] if item["expires"]
  key = item["symbol"] ? item["key"].to_sym : text.(item["key"], item)
  store.store(key, entry, expires: item["expires"] || false)
end
store.close
`;

const ADAPTERS = {
	YAML: (directory: string) => `  adapter: :YAML\n  adapter_options:\n    :file: '${directory}/data.yaml'\n`,
	Sequel: (directory: string) =>
		`  adapter: :Sequel\n  adapter_options:\n    :db: 'sqlite://${directory}/data.sqlite'\n    :table: trocla\n`,
};

/** A Ruby trocla's site: its configuration, and keys that moneta stored in the way that it says. */
class RubySite {
	readonly sandbox = new Sandbox();
	readonly config = this.sandbox.path("ruby.yaml");

	constructor(adapter: keyof typeof ADAPTERS, more = "") {
		writeFileSync(
			this.config,
			`---\nstore: :moneta\nstore_options:\n${ADAPTERS[adapter](this.sandbox.directory)}${more}`,
		);
	}

	store(keys: readonly Stored[], script = STORE): void {
		// Ruby would take texts for ASCII in the locale of a test without one.
		const env = { ...process.env, LANG: "C.UTF-8", LC_ALL: "C.UTF-8" };
		const args = ["-ryaml", "-e", script, this.config];
		execFileSync(pathOf("ruby"), args, { input: JSON.stringify(keys), env });
	}

	async read(): Promise<Foreign[]> {
		const source = await readRubyConfig(this.config);
		return await leavesUntouched(source.file, () => all(readRuby(source)));
	}
}

const needed = ["ruby", "moneta.rb", "sequel.rb", "sqlite3.rb"] as const;
const byKey = (a: Foreign, b: Foreign) => (a.key < b.key ? -1 : 1);
const text = fc.string({ unit: "binary", minLength: 1, maxLength: 60 }).filter((value) => value.isWellFormed());
const line = fc.constantFrom(
	"",
	" ",
	"#",
	"- a",
	"a: b",
	"---",
	"'\"",
	"\t",
	"x".repeat(90),
	"ünï",
	"-----BEGIN X",
	"🔑 ",
);
const lines = fc.array(line, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("\n"));
const likeYaml = fc.constantFrom(
	"yes",
	"~",
	"0123",
	"1e3",
	"1_0",
	"12:30",
	":sym",
	"=",
	"<<",
	"*a",
	"&a",
	"!x",
	"? a",
	"{}",
	"- ",
	"null",
);
const value = fc
	.oneof(text, lines, likeYaml, fc.constantFrom(...Object.values(awkward)))
	.filter((plain) => plain !== "");

describe.skipIf(missing(...needed))("Ruby (needs ruby, ruby-moneta, ruby-sequel, ruby-sqlite3)", () => {
	describe.each(["YAML", "Sequel"] as const)("moneta's %s store", (adapter) => {
		test("any keys and values that Ruby stores come back equal, as texts, bytes and symbols", () => {
			const stored = fc.record(
				{
					key: value,
					formats: fc.dictionary(fc.constantFrom("plain", "mysql", "x509"), value, { minKeys: 1 }),
					encoding: fc.constant("binary" as const),
					symbol: fc.boolean(),
				},
				{ requiredKeys: ["key", "formats"] },
			);
			const keys = fc.uniqueArray(stored, { selector: ({ key }) => key, minLength: 40, maxLength: 80 });
			return fc.assert(
				fc.asyncProperty(keys, async (all) => {
					const site = new RubySite(adapter);
					site.store(all);
					const expected = all.map(({ key, formats }) => ({ key, formats }));
					expect((await site.read()).sort(byKey)).toEqual(expected.sort(byKey));
				}),
				{ numRuns: 4, endOnFailure: true },
			);
		});

		test("an expiry keeps its end and its period", async () => {
			const site = new RubySite(adapter);
			const before = Date.now();
			site.store([
				{ key: "alice", formats: { plain: "x" }, expires: 86_400 },
				{ key: "bob", formats: { plain: "y" } },
			]);
			const found = (await site.read()).sort(byKey);
			expect(found).toEqual([
				{ key: "alice", formats: { plain: "x" }, seconds: 86_400, endsAt: expect.any(Date) },
				{ key: "bob", formats: { plain: "y" } },
			]);
			const [alice] = found;
			const end = alice && "endsAt" in alice ? (alice.endsAt?.getTime() ?? 0) : 0;
			expect(end).toBeGreaterThanOrEqual(before + 86_400_000 - 1);
			expect(end).toBeLessThanOrEqual(Date.now() + 86_400_000);
		});

		test("values that were encrypted with RSA open with the private key alone", async () => {
			const site = new RubySite(
				adapter,
				"encryption: :ssl\nencryption_options:\n  :private_key: PRIV\n  :public_key: PUB\n",
			);
			const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
			const [priv, pub] = [site.sandbox.path("private.pem"), site.sandbox.path("public.pem")];
			writeFileSync(priv, privateKey.export({ format: "pem", type: "pkcs1" }), { mode: 0o600 });
			writeFileSync(pub, publicKey.export({ format: "pem", type: "spki" }));
			const config = execFileSync("sed", ["-e", `s|PRIV|${priv}|`, "-e", `s|PUB|${pub}|`, site.config]);
			writeFileSync(site.config, config);
			const values = { plain: "päss 🔑\n", mysql: "x".repeat(245), x509: `-----\n${"MIIé".repeat(400)}` };
			// Pieces of 245 bytes, each a line of base64.
			site.store(
				[{ key: "alice", formats: values }],
				STORE.replace("text.(value, item)]", "seal(value)]").replace(
					'require "moneta"',
					`require "moneta"\nrequire "openssl"\nrequire "base64"
def seal(value)
  key = OpenSSL::PKey::RSA.new(File.read(${JSON.stringify(pub)}))
  pieces = value.b.scan(/.{1,245}/mn) + [""]
  pieces.map { |piece| Base64.strict_encode64(key.public_encrypt(piece)) + "\\n" }.join
end`,
				),
			);
			expect(await site.read()).toEqual([{ key: "alice", formats: values }]);
		});
	});
});
