import { version } from "../../package.json";
import { loadConfig } from "../../src/config/config.js";
import { TroclaError } from "../../src/errors.js";
import { Daemon } from "../../src/server/daemon.js";
import { loadLibc } from "../../src/server/libc.js";
import { Log } from "../../src/server/log.js";
import { newToken } from "../../src/server/tokens.js";
import type { Run } from "../commands.js";
import type { Context } from "../context.js";
import { manyAtOnce } from "../many-at-once.js";
import { print, tell, tellRaw } from "../output.js";

/** How long what is under way when it is to end may take. */
const GRACE_MS = 20_000;
/** The store is opened for reading and for writing, and each of the two may wait for others in two threads. */
const WAITING = 4;

/** Serves the store until a signal ends it. */
export const run: Run = async (context, _, flags) => {
	if (flags.newToken !== undefined) return printToken(context, String(flags.newToken));
	const opening = manyAtOnce(WAITING);
	const config = await context.ownConfig();
	const log = new Log(tellRaw);
	const warn = (message: string) => log.add("warn", "warning", { message });
	const ending = new Promise<NodeJS.Signals>((resolve) => {
		for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, resolve);
	});
	// One that comes while it starts is not to end it.
	let reload = () => {};
	process.on("SIGHUP", () => reload());
	const daemon = await Daemon.start({
		config,
		version,
		opening: { ...context.opening(true), ...opening, warn },
		log,
	});
	reload = () => void daemon.reload(() => loadConfig(context.configFile));
	const signal = await ending;
	log.add("info", "stopping", { signal });
	const isDone = await daemon.stop(GRACE_MS);
	log.add("info", "stopped", isDone ? {} : { message: "what takes so long to make is given up; it is not stored" });
	log.flush();
	if (!isDone) await exitNow();
	return 0;
};

/** Also while a thread works at something. Without libc that is for SIGKILL. */
async function exitNow(): Promise<void> {
	(await loadLibc())?.exit(0);
	process.kill(process.pid, "SIGKILL");
}

/** Prints a new token, which nobody can be told again, and what the configuration is to have of it. */
function printToken(context: Context, name: string): number {
	if (!/^[\w.-]{1,64}$/.test(name)) {
		throw new TroclaError("invalid", `${JSON.stringify(name)} can't be a token's name`, "Use letters, digits, . _ -");
	}
	const { token, hash } = newToken();
	if (context.json) context.print("", { name, token, hash });
	else {
		print(`${token}\n`);
		tell(
			`This is shown once. Add to the configuration, and reload the daemon:\nserve:\n  tokens:\n    ${name}: {hash: ${hash}}`,
		);
	}
	return 0;
}
