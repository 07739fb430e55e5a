import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHiera } from "../../src/hiera/open-hiera.js";
import { Scope } from "../../src/hiera/scope.js";
import { HieraSite } from "../support/hiera-site.js";
import { missing, pathOf } from "../support/peers.js";
import { Puppet, type PuppetAnswer } from "../support/puppet.js";
import { cleanUp, run } from "../support/sandbox.js";

describe.skipIf(missing("eyaml", "puppet", "ruby"))("eyaml (needs hiera-eyaml)", () => {
	let keys: HieraSite;
	let puppet: Puppet;

	beforeAll(async () => {
		keys = new HieraSite({});
		puppet = new Puppet();
		const { code, stderr } = await eyaml(["createkeys"]);
		if (code !== 0) throw new Error(stderr);
	});
	afterAll(async () => {
		await puppet?.stop();
		keys?.remove();
	});

	const eyaml = (args: string[], input = "") => run(pathOf("eyaml"), args, { cwd: keys.directory }, input);

	/** A text encrypted, on one line. */
	async function encrypted(text: string): Promise<string> {
		const { stdout } = await eyaml(["encrypt", "--stdin", "-o", "string", "-q"], text);
		return stdout.trim();
	}

	const hieraYaml = (options: object) =>
		JSON.stringify({
			version: 5,
			hierarchy: [
				{ name: "Secrets", lookup_key: "eyaml_lookup_key", path: "secrets.eyaml", options },
				{ name: "Common", data_hash: "yaml_data", path: "common.yaml" },
			],
		});
	const options = () => ({
		pkcs7_private_key: keys.path("keys/private_key.pkcs7.pem"),
		pkcs7_public_key: keys.path("keys/public_key.pkcs7.pem"),
	});

	it("made values that trocla decrypts as Puppet does", async () => {
		const texts = [
			"simple",
			"with ünïcode 🔑",
			"two\nlines\n",
			"%{facts.role} and %{lookup('other')}",
			"x".repeat(5000),
		];
		const blocks = await Promise.all(texts.map(encrypted));
		const [first = "", second = ""] = blocks;
		const folded = first.replace(/.{60}/g, "$&\n    ");
		const site = new HieraSite({
			"hiera.yaml": hieraYaml(options()),
			"data/common.yaml": "other: from below\nk0: hidden\n",
			"data/secrets.eyaml": [
				...blocks.map((block, index) => `k${index}: "${block}"`),
				`inside: "a ${first} and a ${second}."`,
				`nested: {list: ["${first}", {"%{facts.role}": "${second}"}, 5], plain: "%{facts.role}"}`,
				`folded: >\n    ${folded}`,
				"not: ENC[nothing here]",
				"deep: {a: 1}",
				`lookup_options: {"nested": {merge: "${await encrypted("deep")}"}}`,
				"",
			].join("\n"),
		});
		cleanUp(() => site.remove());
		const names = [...texts.keys()].map((index) => `k${index}`);
		const lookups = [...names, "inside", "nested", "nested.list.0", "folded", "not", "deep.a", "other", "absent"].map(
			(key) => ({ keys: [key] }),
		);
		const outcomes = (answers: PuppetAnswer[]) =>
			answers.map((answer, index) => [lookups[index]?.keys[0], "error" in answer ? "an error" : answer.value]);
		const theirs = outcomes(await site.theirs(puppet, lookups));
		expect(theirs).toContainEqual(["k0", "simple"]);
		expect(outcomes(await site.ours(lookups))).toEqual(theirs);
	});

	it("made values that trocla decrypts once, for all hosts", async () => {
		const site = new HieraSite({
			"hiera.yaml": hieraYaml(options()),
			"data/secrets.eyaml": `users: {alice: {password: "${await encrypted("x")}"}, bob: {home: "/%{trusted.certname}"}}\n`,
		});
		cleanUp(() => site.remove());
		const hiera = await openHiera({ hieraConfig: site.path("hiera.yaml") });
		const alice = (name: string) => hiera.lookup("users.alice", Scope.of({ name }));
		expect(await hiera.lookup("users.alice.password", Scope.of({}))).toBe("x");
		expect(await alice("www1")).toBe(await alice("www2"));
		expect(await hiera.lookup("users.bob.home", Scope.of({ name: "www2" }))).toBe("/www2");
	});

	it("keeps its key out of trocla's way until an encrypted value is asked for", async () => {
		const site = new HieraSite({
			"hiera.yaml": hieraYaml({ pkcs7_private_key: "/nowhere/key.pem" }),
			"data/secrets.eyaml": `secret: "${await encrypted("x")}"\nopen: 1\n`,
		});
		cleanUp(() => site.remove());
		const hiera = await openHiera({ hieraConfig: site.path("hiera.yaml") });
		const scope = Scope.of({});
		expect(await hiera.lookup("open", scope)).toBe(1n);
		await expect(hiera.lookup("secret", scope)).rejects.toMatchObject({
			code: "data",
			message: expect.stringMatching(
				/secrets\.eyaml:1: key "secret": the private key \/nowhere\/key\.pem can't be read/,
			),
		});
	});

	it("has its key in the environment where a level says so", async () => {
		const site = new HieraSite({
			"hiera.yaml": hieraYaml({ pkcs7_private_key_env_var: "EYAML_KEY" }),
			"data/secrets.eyaml": `secret: "${await encrypted("from the environment")}"\n`,
		});
		cleanUp(() => site.remove());
		const env = { EYAML_KEY: readFileSync(keys.path("keys/private_key.pkcs7.pem"), "utf8") };
		const hiera = await openHiera({ hieraConfig: site.path("hiera.yaml"), env });
		expect(await hiera.lookup("secret", Scope.of({}))).toBe("from the environment");
	});

	it("made values that no other key opens, nor an altered one, and trocla's error shows nothing of them", async () => {
		const block = await encrypted("the secret itself");
		const middle = Math.floor(block.length / 2);
		const altered = `${block.slice(0, middle)}${block[middle] === "A" ? "B" : "A"}${block.slice(middle + 1)}`;
		const other = await run("openssl", ["genrsa", "2048"]);
		const site = new HieraSite({
			"other.pem": other.stdout,
			"hiera.yaml": hieraYaml(options()),
			"data/secrets.eyaml": `altered: "${altered}"\nshort: "ENC[PKCS7,MIIB]"\ngpg: "ENC[GPG,AAAA]"\n`,
			"other/hiera.yaml": hieraYaml({ pkcs7_private_key: keys.path("../nothing") }),
		});
		cleanUp(() => site.remove());
		site.write("other/hiera.yaml", hieraYaml({ pkcs7_private_key: site.path("other.pem") }));
		site.write("other/data/secrets.eyaml", `secret: "${block}"\n`);
		const hiera = await openHiera({ hieraConfig: site.path("hiera.yaml") });
		const elsewhere = await openHiera({ hieraConfig: site.path("other/hiera.yaml") });
		const scope = Scope.of({});
		const errors = await Promise.all([
			...["altered", "short", "gpg"].map((key) => hiera.lookup(key, scope).catch((error) => error)),
			elsewhere.lookup("secret", scope).catch((error) => error),
		]);
		for (const error of errors) {
			expect(error).toMatchObject({ code: "data" });
			expect(`${error.message} ${error.hint}`).not.toMatch(/secret itself|MII/);
		}
		expect(errors.map(({ message }) => message.replace(/.*: /, ""))).toEqual([
			"it was encrypted for another key, or is damaged",
			"it is no enveloped message of PKCS #7 that trocla understands",
			"trocla can't decrypt GPG",
			"it was encrypted for another key, or is damaged",
		]);
	});
});
