import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { type Config, defaultSocketPath, surroundings } from "../config/config.js";
import { socketMode } from "../config/serve.js";
import { TroclaError } from "../errors.js";
import type { SocketFile } from "./unix-socket.js";

const OWN_ONLY = 0o600;
/** A directory service that is away is not to keep the daemon from saying so. */
const GETENT_MS = 10_000;

/**
 * The socket of a configuration.
 *
 * @throws {TroclaError} `config`
 */
export async function socketFile({ serve: { socket = {} } }: Config): Promise<SocketFile> {
	const { path = defaultSocketPath(surroundings()), mode = OWN_ONLY, group } = socket;
	return { path, mode: socketMode(mode) ?? OWN_ONLY, gid: group === undefined ? undefined : await gidOf(group) };
}

/** By /etc/group, and else by what the system's name service knows (LDAP, sssd): Node has no getgrnam(3). */
async function gidOf(group: string | number): Promise<number> {
	if (typeof group === "number") return group;
	const gid = gidIn(readFileSync("/etc/group", "utf8"), group) ?? gidIn(await getent(group), group);
	if (gid !== undefined) return gid;
	throw new TroclaError(
		"config",
		`serve.socket.group: there is no group ${JSON.stringify(group)}, by /etc/group and by getent(1)`,
		"Make it (groupadd), or give a group's number",
	);
}

/** group(5): a name, a password, a number and the members. */
function gidIn(groups: string, name: string): number | undefined {
	const line = groups.split("\n").find((line) => line.startsWith(`${name}:`));
	const gid = line?.split(":")[2];
	return gid === undefined ? undefined : Number(gid);
}

/** Nothing where it does not know the group, or can't be run. */
async function getent(group: string): Promise<string> {
	try {
		return (await promisify(execFile)("getent", ["--", "group", group], { timeout: GETENT_MS })).stdout;
	} catch {
		return "";
	}
}
