import { availableParallelism } from "node:os";
import type { OpenSettings } from "../src/open.js";

/**
 * How a store is opened to make values on all cores; to be called before anything else uses libuv's threads.
 *
 * A thread for each core, and those in which the store may wait. Of each two values that are made, one waits for a thread: to wake up one
 * that has nothing to do takes some hundredths of a hash's time.
 *
 * @param waiting - how many statements of stores may be under way at a time
 */
export function manyAtOnce(waiting = 1): Pick<OpenSettings, "inGroups" | "atOnce"> {
	const threads = availableParallelism() + waiting;
	process.env.UV_THREADPOOL_SIZE = `${threads}`;
	return { inGroups: true, atOnce: 2 * (availableParallelism() + 1) };
}
