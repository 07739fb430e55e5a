const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Does work that has to clean up behind itself, also where a signal ends it: the first one aborts the work, and ends
 * the process as it would have once that is done; a second one ends it at once.
 */
export async function untilInterrupted<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
	const controller = new AbortController();
	let caught: NodeJS.Signals | undefined;
	const abort = (signal: NodeJS.Signals) => {
		caught = signal;
		controller.abort();
	};
	for (const signal of SIGNALS) process.once(signal, abort);
	try {
		return await work(controller.signal);
	} finally {
		for (const signal of SIGNALS) process.off(signal, abort);
		if (caught) process.kill(process.pid, caught);
	}
}
