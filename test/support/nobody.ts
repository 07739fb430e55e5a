import { chmodSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Outcome, run, type Sandbox } from "./sandbox.js";

const root = join(import.meta.dirname, "../..");
const ADDON = "node_modules/sqlite3/build/Release/node_sqlite3.node";

export const isRoot = process.getuid?.() === 0;

/**
 * Runs the command as a user who is not root and owns nothing; where the tests run as one already, as that one.
 *
 * That user may not be able to enter the directory that trocla was built in, so the command is copied into the
 * sandbox, which is opened for all.
 */
export function runAsNobody(sandbox: Sandbox, args: readonly string[]): Promise<Outcome> {
	const place = sandbox.path("installed");
	if (isRoot) chmodSync(sandbox.directory, 0o1777);
	mkdirSync(place, { recursive: true });
	cpSync(join(root, "dist"), join(place, "dist"), { recursive: true });
	cpSync(join(root, ADDON), join(place, ADDON), { recursive: true });
	const user = isRoot ? ["setpriv", "--reuid", "65534", "--clear-groups"] : [];
	const [program = "", ...rest] = [...user, process.execPath, join(place, "dist/cli/trocla.js"), ...args];
	return run(program, rest, { env: sandbox.env, cwd: sandbox.directory });
}
