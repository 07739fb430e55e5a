import { expect, test } from "vitest";
import { Sandbox } from "./support/sandbox.js";

test("a second get prints what the first one made", async () => {
	const sandbox = new Sandbox();
	const first = await sandbox.run(["get", "alice", "sha512crypt"]);
	expect(first).toMatchObject({ code: 0, stderr: "" });
	expect(first.stdout).toMatch(/^\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}\n$/);
	expect(await sandbox.run(["get", "alice", "sha512crypt"])).toEqual(first);
});
