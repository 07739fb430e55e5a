import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { differences } from "../../src/publish/difference/differences.js";
import type { FileTexts } from "../../src/publish/file-texts.js";
import { everyType } from "../support/keys.js";
import { missing, pathOf } from "../support/peers.js";
import { run, Sandbox } from "../support/sandbox.js";

const NONE: FileTexts = { passwd: "", group: "", shadow: "", gshadow: "", authorized_keys: "", user_keys: "" };

describe.skipIf(missing("ssh-keygen"))("keys that a difference tells (needs ssh-keygen)", () => {
	it("have the fingerprints and the comments that ssh-keygen -l prints, of every type", async () => {
		const lines = everyType().map(({ type, key }, index) => {
			return `${index % 2 ? 'restrict,command="a \\"b c\\"" ' : ""}${type} ${key} key ${index}`;
		});
		const file = new Sandbox().path("authorized_keys");
		const text = lines.map((line) => `${line}\n`).join("");
		writeFileSync(file, text);
		const { stdout } = await run(pathOf("ssh-keygen"), ["-l", "-f", file]);
		const expected = stdout
			.trimEnd()
			.split("\n")
			.map((line) => line.replace(/^\d+ (.*) \(.*\)$/, "$1"));
		expect(expected).toHaveLength(lines.length);

		const told = (after: FileTexts) =>
			differences(undefined, after).map((each) => "fingerprint" in each && `${each.fingerprint} ${each.comment}`);
		expect(told({ ...NONE, authorized_keys: text })).toEqual(expected);
		expect(told({ ...NONE, user_keys: text.replace(/^/gm, "alice:").replace(/alice:$/, "") })).toEqual(expected);
	});
});
