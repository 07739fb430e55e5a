import { version } from "../../package.json";
import { Daemon } from "../../src/server/daemon.js";
import { Log } from "../../src/server/log.js";
import { socketFile } from "../../src/server/socket-file.js";
import type { Run } from "../commands.js";
import { manyAtOnce } from "../many-at-once.js";
import { tellRaw } from "../output.js";

const GRACE_MS = 20_000;

/** Serves the store until a signal ends it. */
export const run: Run = async (context) => {
	const opening = manyAtOnce(CONNECTIONS);
	const config = await context.config();
	const log = new Log(tellRaw);
	const warn = (message: string) => log.add("warn", "warning", { message });
	const daemon = await Daemon.start({
		config,
		socket: socketFile(config),
		version,
		opening: { ...context.opening(true), ...opening, warn },
		log,
	});
	const signal = await new Promise<NodeJS.Signals>((resolve) => {
		for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, resolve);
	});
	log.add("info", "stopping", { signal });
	await daemon.stop(GRACE_MS);
	log.add("info", "stopped");
	log.flush();
	return 0;
};

/** The store is opened for reading and for writing, and each of the two may wait for others in two threads. */
const CONNECTIONS = 4;
