import type { Options } from "../records/record.js";
import { inOrder } from "./in-order.js";
import { type BatchRequest, MAX_LINE_BYTES, readBatchLine, readBatchOptions } from "./line.js";
import { splitLines } from "./lines.js";

/** What came of a line. */
export interface BatchAnswer {
	/** The line's number, from 1. */
	readonly line: number;
	/** What it asked for; `undefined` where it could not be read. */
	readonly request?: BatchRequest;
	readonly value?: string;
	/** Why there is no value: a TroclaError, or what no call should throw. */
	readonly error?: unknown;
}

/** How a value is asked for. */
export type Get = (key: string, format: string, options: Options) => Promise<string>;

/** So many lines are under way at once: one commit is for some hundred of them, and each holds its text in memory. */
const LINES_AT_ONCE = 512;

/**
 * Answers the lines of a stream, hundreds of them at once, in their order; an empty line has no answer. A line that
 * fails stops no other one.
 *
 * @param deliver - takes answers; no more lines are read than were delivered, but some hundred
 */
export async function answerLines(
	chunks: AsyncIterable<Buffer>,
	get: Get,
	deliver: (answers: readonly BatchAnswer[]) => void,
): Promise<void> {
	let line = 0;
	await inOrder(
		splitLines(chunks, MAX_LINE_BYTES),
		async (bytes) => await answer(bytes, ++line, get),
		(answers) => {
			const there = answers.filter((answer) => answer !== undefined);
			if (there.length > 0) deliver(there);
		},
		LINES_AT_ONCE,
	);
}

async function answer(bytes: Buffer, line: number, get: Get): Promise<BatchAnswer | undefined> {
	let request: BatchRequest | undefined;
	try {
		request = readBatchLine(bytes);
		if (request === undefined) return undefined;
		return { line, request, value: await get(request.key, request.format, readBatchOptions(request.options)) };
	} catch (error) {
		return { line, ...(request && { request }), error };
	}
}
