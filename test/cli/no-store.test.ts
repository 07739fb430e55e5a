import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { Sandbox } from "../support/sandbox.js";

test.each([
	[["search", "."]],
	[["show", "alice"]],
	[["formats", "alice"]],
	[["verify", "alice"]],
	[["prune"]],
	[["delete", "alice"]],
	[["delete", "alice", "plain"]],
	[["get", "alice", "plain", "--no-create"]],
])("%j where there is no store says so, and makes none", async (args) => {
	const sandbox = new Sandbox();
	expect(await sandbox.run(args, "secret")).toEqual({
		code: 1,
		stdout: "",
		stderr: `trocla: there is no store at ${sandbox.store} yet\n  trocla get makes one, and trocla publish --init; if there should be one, mend store_options.path in the configuration\n`,
	});
	expect(existsSync(sandbox.path("store"))).toBe(false);
});

test("create_on_get: false makes no store either, and completion none at all", async () => {
	const sandbox = new Sandbox();
	sandbox.configure({ store_options: { path: sandbox.store }, create_on_get: false });
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({
		code: 1,
		stderr: expect.stringContaining("there is no store"),
	});
	expect(await sandbox.run(["complete", "--", "get", ""])).toEqual({ code: 0, stdout: "", stderr: "" });
	expect(existsSync(sandbox.path("store"))).toBe(false);
	expect(await sandbox.run(["create", "alice", "plain"])).toMatchObject({ code: 0 });
});
