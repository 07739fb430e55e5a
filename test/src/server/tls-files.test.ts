import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { TlsFiles } from "../../../src/server/tls-files.js";
import { Sandbox } from "../../support/sandbox.js";
import { TestCa } from "../../support/tls.js";

test("a place that can't be looked at any more is told once, and not each second", async () => {
	const sandbox = new Sandbox();
	const directory = sandbox.path("ssl");
	mkdirSync(directory);
	const files = new TlsFiles(await (await TestCa.make(directory)).https());
	renameSync(directory, sandbox.path("moved"));
	writeFileSync(directory, "");
	expect(() => files.changed()).toThrow(directory);
	expect(files.changed()).toBeUndefined();
});
