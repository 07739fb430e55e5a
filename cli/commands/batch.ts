import { fstatSync } from "node:fs";
import { pipeline } from "node:stream";
import { answerLines, type BatchAnswer, type Get } from "../../src/batch/batch.js";
import type { TroclaCalls } from "../../src/calls.js";
import { TroclaError } from "../../src/errors.js";
import type { Context } from "../context.js";
import { explain } from "../explain.js";
import { manyAtOnce } from "../many-at-once.js";
import { OutputError, print, tell } from "../output.js";
import { Progress } from "../progress.js";
import { ReadAhead } from "../read-ahead.js";

const STDIN = 0;
const MOST_REMEMBERED = 1000;

/**
 * Answers each line `KEY FORMAT [OPTIONS]` of standard input with a line of JSON, in the same order: what `get` of a
 * store gives, on all cores. An answer is printed as soon as it and those before it are there, so that a program may
 * wait for each; what is printed is stored. Exits 1 where a line failed.
 *
 * @param create - whether a store that is not there yet is made
 */
export async function runBatch(context: Context, create: boolean, get: (trocla: TroclaCalls) => Get): Promise<number> {
	// Node would take it for an empty one.
	if (fstatSync(STDIN).isDirectory()) throw unreadable("it is a directory");
	const opening = manyAtOnce();
	const input = new ReadAhead();
	const progress = new Progress("Lines answered");
	const said = new Set<string>();
	const warn = (message: string) => {
		// What is said of every line is told once.
		if (said.has(message)) return;
		if (said.size < MOST_REMEMBERED) said.add(message);
		progress.end();
		context.warn(message);
	};
	let failed = 0;
	const deliver = (answers: readonly BatchAnswer[]) => {
		print(answers.map(printAnswer).join(""), "What was made is stored: run it again");
		failed += answers.filter(({ error }) => error !== undefined).length;
		progress.update(answers.at(-1)?.line ?? 0, input.lines);
	};
	try {
		await context.withStore(
			async (trocla) => {
				pipeline(process.stdin, input, () => {});
				await answerLines(chunksOf(input), get(trocla), deliver);
			},
			{ create, warn, ...opening },
		);
	} catch (error) {
		// A reader that has enough has gone, as `head` does.
		if (!(error instanceof OutputError) || !error.closed) throw error;
		return 1;
	} finally {
		progress.end();
		process.stdin.destroy();
	}
	if (failed > 0 && !context.json) tell(`trocla: lines that failed: ${failed}; each has its error in the output`);
	return failed > 0 ? 1 : 0;
}

function printAnswer({ line, request, value, error }: BatchAnswer): string {
	const asked = request ? { key: request.key, format: request.format } : { line };
	return `${JSON.stringify(error === undefined ? { ...asked, value } : { ...asked, error: tellable(error) })}\n`;
}

function tellable(error: unknown) {
	const { code, message, hint } = explain(error instanceof Error ? error : new Error(String(error)));
	return { code, message, hint };
}

async function* chunksOf(input: ReadAhead): AsyncGenerator<Buffer> {
	try {
		yield* input;
	} catch (error) {
		throw unreadable((error as Error).message);
	}
}

function unreadable(why: string): TroclaError {
	return new TroclaError(
		"invalid",
		`standard input can't be read (${why})`,
		"Pipe the lines in, or redirect a file: trocla get --batch < lines",
	);
}
