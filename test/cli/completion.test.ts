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
		["completion", ""],
		["bash", "zsh", "fish"],
	],
	[["get", "nobody"], []],
])("after trocla %j it offers %j", async (line, words) => {
	const sandbox = new Sandbox();
	sandbox.configure({ store_options: { path: sandbox.store }, profiles: { wifi: { length: 20 } } });
	for (const key of ["user_a", "user_b", "other"]) await sandbox.run(["get", key, "plain"]);
	expect(await sandbox.run(["complete", "--", ...line])).toEqual({
		code: 0,
		stdout: words.map((word) => `${word}\n`).join(""),
		stderr: "",
	});
});
