import Keyv from "keyv";
import { type Backend, BackendError, type Swap } from "./backend.js";
import { type Adapter, makeAdapter } from "./keyv/adapter.js";
import { OneAtATime } from "./keyv/one-at-a-time.js";
import { type AdapterSettings, argumentOf } from "./keyv/settings.js";
import type { OptionValues } from "./options.js";
import { DEFAULT_SECONDS } from "./server/patience.js";

export interface KeyvOptions extends AdapterSettings {
	readonly adapter?: OptionValues["package"] | undefined;
	readonly seconds?: number | undefined;
}

const NAMESPACE = "trocla";
const PREFIX = `${NAMESPACE}:`;

/**
 * Records in any store that Keyv has an adapter for, as Keyv with the namespace `trocla` would write them.
 *
 * Keyv has no compare-and-set: what this process does to a key is done one after the other, and other processes do
 * what they like in between. After a change it is read what is stored, since an adapter may only emit what went wrong.
 * `keys` has all keys in memory, and needs an adapter that gives them.
 *
 * @throws {BackendError} where there is no such adapter
 */
export async function openKeyv({
	adapter: module,
	seconds = DEFAULT_SECONDS,
	...settings
}: KeyvOptions): Promise<Backend> {
	if (!module) throw new BackendError("unavailable", "store_options has no adapter");
	const { name } = module;
	const fail = (error: unknown): never => {
		if (error instanceof BackendError) throw error;
		const { message } = error as Error;
		const { password } = settings;
		// In a URI it is written in another way.
		const shown = password
			? message.replaceAll(password, "...").replaceAll(encodeURIComponent(password), "...")
			: message;
		throw new BackendError("unavailable", `${name}: ${shown}`, "Check that its server runs, and store_options");
	};
	const adapter = await makeAdapter(module, argumentOf(settings)).catch(fail);
	const rows = new Keyv({ store: adapter, namespace: NAMESPACE, useKeyPrefix: false });
	let faults = 0;
	let lastFault: unknown;
	rows.on("error", (error) => {
		faults++;
		lastFault = error;
	});
	const turns = new OneAtATime();
	let closing: Promise<unknown> | undefined;

	/** What an adapter emits may be of any call that runs: better one too many fails than one is believed. */
	async function told<Result>(work: () => Promise<Result>): Promise<Result> {
		if (closing) throw new BackendError("unavailable", `the store ${name} is closed`, "Open another one");
		const before = faults;
		const result = await inTime(work(), seconds, name).catch(fail);
		if (faults > before) fail(lastFault);
		return result;
	}

	async function textOf(key: string): Promise<string | undefined> {
		const row = await adapter.get(PREFIX + key);
		if (row === undefined || row === null) return undefined;
		const stored =
			typeof row === "string" ? await Promise.resolve(rows.deserializeData<unknown>(row)).catch(() => {}) : row;
		const { value } = Object(stored) as { readonly value?: unknown };
		if (typeof value === "string") return value;
		throw new BackendError(
			"damaged",
			`the row of ${JSON.stringify(key)} in ${name} is not one that Keyv wrote`,
			undefined,
			key,
		);
	}

	async function swap({ key, before, after }: Swap): Promise<boolean> {
		if ((await textOf(key)) !== before) return false;
		if (before === after) return true;
		if (after === undefined) await adapter.delete(PREFIX + key);
		else await adapter.set(PREFIX + key, await rows.serializeData({ value: after }));
		const stored = await textOf(key);
		if (stored === after) return true;
		throw new BackendError(
			"unknown",
			`${name} does not have what was stored of ${JSON.stringify(key)}`,
			undefined,
			key,
		);
	}

	async function allKeys(): Promise<string[]> {
		const found = new Set<string>();
		for await (const key of rowKeys(adapter, name)) {
			if (key.startsWith(PREFIX)) found.add(key.slice(PREFIX.length));
		}
		return [...found];
	}

	const read = (key: string) => told(() => textOf(key));
	const swapInTurn = (swap_: Swap) => told(() => turns.of(swap_.key, () => swap(swap_)));

	return {
		read,

		readMany: (keys) => told(() => Promise.all(keys.map(textOf))),

		swap: (key, before, after) => swapInTurn({ key, before, after }),

		swapMany: (swaps) => swaps.map(swapInTurn),

		async *keys(from = "") {
			const keys = await told(() => turns.alone(allKeys));
			const start = Buffer.from(from);
			const inOrder = keys.map((key) => Buffer.from(key)).sort(Buffer.compare);
			for (const key of inOrder) if (Buffer.compare(key, start) >= 0) yield key.toString();
		},

		async check() {
			await told(() => textOf("trocla doctor"));
			return [];
		},

		async close() {
			closing ??= Promise.resolve(adapter.disconnect?.() ?? adapter.close?.());
			await closing.catch(fail);
		},
	};
}

/** The keys of an adapter's rows, in any order, some maybe twice. */
async function* rowKeys(adapter: Adapter, name: string): AsyncGenerator<string> {
	if (adapter instanceof Map) yield* adapter.keys();
	else if (adapter.iterator) for await (const [key] of adapter.iterator(NAMESPACE)) yield key;
	else {
		const message = `${name} can't list its keys, so nothing can be searched in it`;
		throw new BackendError("unavailable", message, "Use an adapter that has an iterator");
	}
}

async function inTime<Result>(work: Promise<Result>, seconds: number, name: string): Promise<Result> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		const tooLate = new BackendError(
			"unknown",
			`${name} gave no answer in ${seconds} seconds`,
			"Check that its server is well",
		);
		timer = setTimeout(() => reject(tooLate), seconds * 1000);
	});
	try {
		return await Promise.race([work, late]);
	} finally {
		clearTimeout(timer);
	}
}
