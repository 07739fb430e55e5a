import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkedConfig } from "../../../src/config/config.js";
import type { ServeInput } from "../../../src/config/input.js";
import { socketFile } from "../../../src/server/socket-file.js";

const file = async (socket: ServeInput["socket"]) =>
	socketFile(await checkedConfig({ serve: { socket: { path: "/x/t.sock", ...socket } } }, undefined));

test("a socket is its owner's alone unless a mode and a group say otherwise", async () => {
	expect(await file({})).toEqual({ path: "/x/t.sock", mode: 0o600, gid: undefined });
	const [name = "", , gid] = readFileSync("/etc/group", "utf8").split("\n").at(-2)?.split(":") ?? [];
	expect(await file({ mode: "0660", group: name })).toMatchObject({ mode: 0o660, gid: Number(gid) });
	expect(await file({ mode: 0o666, group: 4711 })).toMatchObject({ mode: 0o666, gid: 4711 });
});

test("a group that there is not is refused", async () => {
	await expect(file({ group: "no-such-group" })).rejects.toMatchObject({
		code: "config",
		message: 'serve.socket.group: there is no group "no-such-group", by /etc/group and by getent(1)',
	});
});
