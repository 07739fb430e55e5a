import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { missing } from "../support/peers.js";
import { PublishSite } from "../support/publish-site.js";
import { Sandbox } from "../support/sandbox.js";
import { onTerminal } from "../support/terminal.js";

test.skipIf(missing("script"))("set asks for the password twice and shows nothing of it", async () => {
	const sandbox = new Sandbox();
	const { code, screen } = await onTerminal(sandbox, "set alice plain", [
		["Password: ", "corrEct hörse\r"],
		["The same again: ", "corrEct hörse\r"],
	]);
	expect({ code, screen }).toEqual({ code: 0, screen: "Password: \r\nThe same again: \r\n" });
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ stdout: "corrEct hörse\n" });
});

test.skipIf(missing("script"))("two passwords that differ are not stored", async () => {
	const sandbox = new Sandbox();
	const { code, screen } = await onTerminal(sandbox, "set alice plain -p", [
		["Password: ", "one\r"],
		["The same again: ", "other\r"],
	]);
	expect(code).toBe(2);
	expect(screen).toContain("the two passwords differ");
	expect(await sandbox.run(["show", "alice"])).toMatchObject({ code: 1 });
});

test.skipIf(missing("script"))("verify asks once, and a mistake can be corrected while typing", async () => {
	const sandbox = new Sandbox();
	await sandbox.run(["set", "alice", "plain"], "secret");
	expect(await onTerminal(sandbox, "verify alice", [["Password: ", "secrex\x7ft\r"]])).toMatchObject({ code: 0 });
	expect(await onTerminal(sandbox, "verify alice", [["Password: ", "wrong\r"]])).toMatchObject({ code: 1 });
});

test.skipIf(missing("script")).each([
	["Ctrl-C", "\x03"],
	["Ctrl-D", "\x04"],
])("%s at the prompt stores nothing", async (_, key) => {
	const sandbox = new Sandbox();
	const { code, screen } = await onTerminal(sandbox, "set alice plain", [["Password: ", key]]);
	expect(code).toBe(2);
	expect(screen).toContain("no password was typed");
	expect(await sandbox.run(["show", "alice"])).toMatchObject({ code: 1 });
});

test.skipIf(missing("script"))("a bad key or format is told before anybody types a password", async () => {
	const sandbox = new Sandbox();
	const { code, screen } = await onTerminal(sandbox, "set alice plan", []);
	expect(code).toBe(2);
	expect(screen).toContain("Did you mean plain?");
	expect(screen).not.toContain("Password");
});

test.skipIf(missing("script"))("publish shows each step that takes longer than a second, and no other", async () => {
	const site = await PublishSite.ready();
	site.setUp({ options: { sha512crypt: { rounds: 400_000 } } });
	const count = 12 * availableParallelism(); // two seconds of hashing
	const users = Array.from({ length: count }, (_, id) => [`u${id}`, { uid: 3000 + id, gid: "people" }]);
	site.write("data/defaults.yaml", { ...site.data, "accounts::users": Object.fromEntries(users) });
	for (let host = 0; host < 40; host++) site.write(`facts/h${host}.yaml`, {});
	const { code, screen } = await onTerminal(site, "publish", []);
	expect(code).toBe(0);
	const lines = screen.replaceAll("\x1b[K", "").split("\r");
	const bars = lines.filter((text) => text.includes("["));
	expect(bars).toContainEqual(expect.stringMatching(/^Hashes made: \[#*\.+\] \d+\/\d+, [\d:]+ (s|min) left$/));
	expect(bars.filter((text) => text.startsWith("Hosts printed"))).toEqual([]);
	expect(lines).toContainEqual(expect.stringMatching(/^Published 43 hosts/));
});
