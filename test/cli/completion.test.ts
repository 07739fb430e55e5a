import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Sandbox } from "../support/sandbox.js";

test.each<[line: string[], words: string[]]>([
	[["de"], ["delete"]],
	[
		["get", "user_"],
		["user_a", "user_b"],
	],
	[
		["get", "user_a", "sha"],
		["sha512crypt", "sha256crypt", "sha1"],
	],
	[["-c", "troclarc.yaml", "get", "user_a", "my"], ["mysql"]],
	[["get", "--length", "3", "user_b"], ["user_b"]],
	[["get", "user_a", "plain", "--char"], ["--charset"]],
	[["get", "user_a", "plain", "--charset", "h"], ["hexadecimal"]],
	[["get", "user_a", "plain", "--profile", "wi"], ["wifi"]],
	[
		["import", "--from", ""],
		["ruby", "shadow", "csv", "pass", "export"],
	],
	[["import", "--from=s"], ["--from=shadow"]],
	[["get", "user_a", "x509", "--render", "c"], ["certonly"]],
	[
		["get", "user_a", "sshkey", "--render="],
		["--render=pubonly", "--render=privonly"],
	],
	[["get", "user_a", "plain", "--render", ""], []],
	[
		["completion", ""],
		["bash", "zsh", "fish"],
	],
	[["get", "nobody"], []],
	[["show", "--", "-"], ["-dash"]],
	[["show", "get"], ["get"]],
	[["show", "get", ""], []],
	[["get", "--charset=alpha"], ["--charset=alphanumeric"]],
])("after trocla %j it offers %j", async (line, words) => {
	const sandbox = new Sandbox();
	sandbox.configure({ store_options: { path: sandbox.store }, profiles: { wifi: { length: 20 } } });
	for (const key of ["user_a", "user_b", "other", "-dash", "get"]) {
		await sandbox.run(["get", "--", key, "plain"]);
	}
	expect(await sandbox.run(["complete", "--", ...line])).toEqual({
		code: 0,
		stdout: words.map((word) => `${word}\n`).join(""),
		stderr: "",
	});
});

test("a configuration among the words is the one whose keys and profiles are offered", async () => {
	const sandbox = new Sandbox();
	const other = new Sandbox();
	other.configure({ store_options: { path: other.store }, profiles: { wifi: { length: 20 } } });
	await sandbox.run(["get", "mine", "plain"]);
	await other.run(["get", "theirs", "plain"]);
	const file = other.path("troclarc.yaml");
	for (const flag of [["-c", file], [`--config=${file}`], [`-c${file}`]]) {
		for (const line of [
			[...flag, "get", ""],
			["get", ...flag, ""],
		]) {
			expect(await sandbox.run(["complete", "--", ...line])).toMatchObject({ code: 0, stdout: "theirs\n" });
		}
		expect(await sandbox.run(["complete", "--", "get", ...flag, "a", "plain", "--profile", "wi"])).toMatchObject({
			stdout: "wifi\n",
		});
	}
});

test("Hiera's hosts, merges and forms are offered, and for its keys none of the store's", async () => {
	const sandbox = new Sandbox();
	sandbox.configure({ store_options: { path: sandbox.store }, hiera: { hosts: sandbox.path("facts") } });
	mkdirSync(sandbox.path("facts"));
	for (const host of ["www1.local", "db1.local"]) writeFileSync(sandbox.path(`facts/${host}.yaml`), "{}\n");
	await sandbox.run(["get", "user_a", "plain"]);
	for (const [line, words] of [
		[["publish", "--host", ""], "db1.local\nwww1.local\n"],
		[["lookup", "--node", "w"], "www1.local\n"],
		[["lookup", "x", "--merge", "de"], "deep\n"],
		[["lookup", "x", "--render-as=j"], "--render-as=json\n"],
		[["lookup", ""], ""],
	] as const) {
		expect(await sandbox.run(["complete", "--", ...line])).toEqual({ code: 0, stdout: words, stderr: "" });
	}
});
