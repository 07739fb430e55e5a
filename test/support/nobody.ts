import { chmodSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Outcome, run, type Sandbox } from "./sandbox.js";

const root = join(import.meta.dirname, "../..");
const ADDON = "node_modules/sqlite3/build/Release/node_sqlite3.node";

export const isRoot = process.getuid?.() === 0;

/** What makes the program behind it run as a user who is not root; nothing where that is so already. */
export const asNobody = isRoot ? ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] : [];

/**
 * Runs the command as a user who is not root and owns nothing; where the tests run as one already, as that one.
 */
export function runAsNobody(sandbox: Sandbox, args: readonly string[]): Promise<Outcome> {
	const [program = "", ...rest] = [...asNobody, process.execPath, installIn(sandbox), ...args];
	return run(program, rest, { env: sandbox.env, cwd: sandbox.directory });
}

/**
 * Copies the command into a sandbox that it opens for all, and gives its path: another user may not be able to enter the
 * directory that trocla was built in.
 */
export function installIn(sandbox: Sandbox): string {
	const place = sandbox.path("installed");
	if (isRoot) chmodSync(sandbox.directory, 0o1777);
	mkdirSync(place, { recursive: true });
	cpSync(join(root, "dist"), join(place, "dist"), { recursive: true });
	cpSync(join(root, ADDON), join(place, ADDON), { recursive: true });
	return join(place, "dist/cli/trocla.js");
}
