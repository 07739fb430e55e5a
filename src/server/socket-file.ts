import { readFileSync } from "node:fs";
import { type Config, defaultSocketPath, surroundings } from "../config/config.js";
import { socketMode } from "../config/serve.js";
import { TroclaError } from "../errors.js";
import type { SocketFile } from "./unix-socket.js";

const OWN_ONLY = 0o600;

/**
 * The socket of a configuration.
 *
 * @throws {TroclaError} `config`
 */
export function socketFile({ serve: { socket = {} } }: Config): SocketFile {
	const { path = defaultSocketPath(surroundings()), mode = OWN_ONLY, group } = socket;
	return { path, mode: socketMode(mode) ?? OWN_ONLY, gid: group === undefined ? undefined : gidOf(group) };
}

/** Of the groups in /etc/group: Node has no getgrnam(3). A group that a directory service knows is given by its number. */
function gidOf(group: string | number): number {
	if (typeof group === "number") return group;
	const line = readFileSync("/etc/group", "utf8")
		.split("\n")
		.find((line) => line.startsWith(`${group}:`));
	const gid = line?.split(":")[2];
	if (gid !== undefined) return Number(gid);
	throw new TroclaError(
		"config",
		`serve.socket.group: /etc/group has no ${JSON.stringify(group)}`,
		"Make it (groupadd), or give a group's number",
	);
}
