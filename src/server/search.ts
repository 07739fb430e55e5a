import { Worker } from "node:worker_threads";
import { literalPrefix } from "../records/literal-prefix.js";
import type { Grants } from "./access.js";
import { ApiError } from "./api-error.js";
import type { OpenStore } from "./open-store.js";

/** Keys that are looked at at a time. */
const PAGE = 1000;
/** No sensible pattern takes longer for a page; a catastrophic one would take years. */
const PAGE_MS = 1000;

/**
 * The answer to a search, piece by piece: the keys that match and that the client may search.
 *
 * The pattern comes from anyone, and may take for ever: it is matched in a thread of its own, which is ended then.
 *
 * @throws {ApiError} `invalid` for what is no regular expression
 */
export async function searchAnswer(store: OpenStore, grants: Grants, regex: string): Promise<AsyncGenerator<string>> {
	const pattern = parse(regex);
	const prefix = new RegExp(`^${literalPrefix(pattern).replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")}`);
	const pieces = answer(store, grants, { pattern, prefix });
	// What can't be searched is found out before the answer begins.
	const first = await pieces.next();
	return (async function* () {
		if (!first.done) yield first.value;
		yield* pieces;
	})();
}

async function* answer(
	store: OpenStore,
	grants: Grants,
	{ pattern, prefix }: { readonly pattern: RegExp; readonly prefix: RegExp },
): AsyncGenerator<string> {
	await using matcher = new Matcher(pattern);
	let count = 0;
	let page: string[] = [];
	const matching = async () => {
		const found = await matcher.matching(page);
		page = [];
		const text = found.map((key) => `${count++ === 0 ? "" : ","}${JSON.stringify(key)}`).join("");
		return text;
	};
	let begin = '{"keys":[';
	const keys = await store.read(async (trocla) => trocla.search(prefix));
	for await (const key of keys) {
		if (!grants.allows("search", key) || page.push(key) < PAGE) continue;
		yield `${begin}${await matching()}`;
		begin = "";
	}
	yield `${begin}${await matching()}],"success":true}\n`;
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
