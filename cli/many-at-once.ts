import { availableParallelism } from "node:os";
import type { OpenSettings } from "../src/open.js";

/**
 * How a store is opened to make values on all cores; to be called before anything else uses libuv's threads.
 *
 * A thread for each core and one for the store. Of each two values that are made, one waits for a thread: to wake up one
 * that has nothing to do takes some hundredths of a hash's time.
 */
export function manyAtOnce(): Pick<OpenSettings, "inGroups" | "atOnce"> {
	const threads = availableParallelism() + 1;
	process.env.UV_THREADPOOL_SIZE = `${threads}`;
	return { inGroups: true, atOnce: 2 * threads };
}
