import { Readable } from "node:stream";
import { Worker } from "node:worker_threads";
import { literalPrefix } from "../records/literal-prefix.js";
import { turn } from "../turns.js";
import { ApiError } from "./api-error.js";
import type { Call } from "./resource.js";

/** Keys that are looked at at a time. */
const PAGE = 1000;
/** No sensible pattern takes longer for a page; a catastrophic one would take years. */
const PAGE_MS = 1000;

/** Searches that go on at a time, each with a thread. */
export const MOST_SEARCHES = 4;
/** Others wait for their turn while a client reads its answer. */
const READ_MS = 5000;

type Search = Pick<Call, "store" | "client" | "searches" | "reply">;

/**
 * The answer to a search, piece by piece: the keys that match and that the client may search.
 *
 * The pattern comes from anyone, and may take for ever: it is matched in a thread of its own, which is ended then.
 *
 * @throws {ApiError} `invalid` for what is no regular expression
 */
export async function searchAnswer(search: Search, regex: string): Promise<Readable> {
	const pattern = parse(regex);
	const prefix = new RegExp(`^${literalPrefix(pattern).replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")}`);
	const pieces = inTurn(search, () => answer(search, { pattern, prefix }));
	// What can't be searched is found out before the answer begins.
	const first = await pieces.next();
	let begun = false;
	let unread: NodeJS.Timeout | undefined;
	const whole: AsyncIterableIterator<string> = {
		[Symbol.asyncIterator]: () => whole,
		async next() {
			clearTimeout(unread);
			const piece = begun ? await pieces.next() : first;
			begun = true;
			unread = setTimeout(() => stream.destroy(new Error("the client does not read")), READ_MS).unref();
			return piece;
		},
		// Also of an answer that nobody has begun to read.
		return() {
			clearTimeout(unread);
			return pieces.return(undefined);
		},
	};
	const stream = Readable.from(whole, { highWaterMark: 1 });
	stream.once("close", () => clearTimeout(unread));
	return stream;
}

/** Waits for a turn; when it comes, the client may have its answer, or have gone. */
async function* inTurn(
	{ searches, reply }: Search,
	work: () => AsyncGenerator<string, void, undefined>,
): AsyncGenerator<string, void, undefined> {
	const end = await turn(searches);
	try {
		if (!reply.sent && !reply.raw.destroyed) yield* work();
	} finally {
		end();
	}
}

async function* answer(
	{ store, client }: Search,
	{ pattern, prefix }: { readonly pattern: RegExp; readonly prefix: RegExp },
): AsyncGenerator<string, void, undefined> {
	const release = store.hold();
	try {
		await using matcher = new Matcher(pattern);
		let count = 0;
		let page: string[] = [];
		const matching = async () => {
			const found = await matcher.matching(page);
			page = [];
			return found.map((key) => `${count++ === 0 ? "" : ","}${JSON.stringify(key)}`).join("");
		};
		let begin = '{"keys":[';
		for await (const key of store.reads.search(prefix)) {
			if (!client.grants.allows("search", key) || page.push(key) < PAGE) continue;
			yield `${begin}${await matching()}`;
			begin = "";
		}
		yield `${begin}${await matching()}],"success":true}\n`;
	} finally {
		release();
	}
}

function parse(regex: string): RegExp {
	try {
		return new RegExp(regex, "u");
	} catch (error) {
		const why = (error as Error).message.replace(/^Invalid regular expression: /, "");
		throw new ApiError(400, "invalid", `not a regular expression: ${why}`, "The syntax is JavaScript's");
	}
}

const MATCHER = `
	const { parentPort, workerData: { source, flags } } = require("node:worker_threads");
	const pattern = new RegExp(source, flags);
	parentPort.on("message", (keys) => parentPort.postMessage(keys.filter((key) => pattern.test(key))));`;

/** Matches keys in a thread of its own. */
class Matcher implements AsyncDisposable {
	readonly #pattern: RegExp;
	#worker: Worker | undefined;

	constructor(pattern: RegExp) {
		this.#pattern = pattern;
	}

	/** @throws {ApiError} `invalid` where it takes too long */
	async matching(keys: readonly string[]): Promise<readonly string[]> {
		if (keys.length === 0) return [];
		const { source, flags } = this.#pattern;
		this.#worker ??= new Worker(MATCHER, { eval: true, workerData: { source, flags }, stdout: true, stderr: true });
		const worker = this.#worker;
		return await new Promise((resolve, reject) => {
			const slow = setTimeout(() => {
				const hint = "Avoid repetitions of repetitions, as in (a+)+";
				reject(new ApiError(400, "invalid", "the regular expression takes too long", hint));
			}, PAGE_MS);
			worker.once("error", reject);
			worker.once("message", (found: readonly string[]) => {
				clearTimeout(slow);
				worker.off("error", reject);
				resolve(found);
			});
			worker.postMessage(keys);
		});
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#worker?.terminate();
	}
}
