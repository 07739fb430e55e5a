import { type Backend, BackendError, type Swap } from "./backend.js";
import { EtcdClient, etcdError, isLost } from "./etcd/client.js";
import { EtcdError } from "./etcd/error.js";
import { readMany } from "./etcd/read-many.js";
import { fromBase64, type KeyValue, type RangeAnswer, type TxnAnswer, toBase64 } from "./etcd/wire.js";
import type { etcdOptions, OptionsOf } from "./options.js";
import { clearTextFlaws } from "./server/clear-text.js";
import { eachInOrder } from "./server/each-in-order.js";
import { keyText } from "./server/key-text.js";
import { decode, encode } from "./server/keyv-rows.js";
import { DEFAULT_SECONDS, Patience } from "./server/patience.js";
import { serverName } from "./server/server-name.js";
import { readTlsFiles } from "./server/tls-files.js";

const CONNECTIONS = 16;
const PAGE_KEYS = 1000;

/** Of the 1.5 MiB that etcd takes as one request unless told, how much may go for comparing what is stored, in base64. */
const LONGEST_COMPARED = 256 * 1024;

const DONE: Outcome = { done: true, found: undefined };

interface Outcome {
	readonly done: boolean;
	/** Where it was not done, what is stored. */
	readonly found: KeyValue | undefined;
}

/**
 * Records in etcd, in the rows of Keyv's adapter: `trocla:KEY`. A change is a transaction that compares and puts or deletes
 * one key; what is read is what the cluster has agreed on.
 *
 * @throws {BackendError}
 */
export async function openEtcd({ url: urls = [], ...options }: OptionsOf<typeof etcdOptions>): Promise<Backend> {
	const { namespace = "trocla", password, seconds = DEFAULT_SECONDS, connections = CONNECTIONS } = options;
	const server = serverName(urls);
	const tls = await readTlsFiles(options);
	const client = new EtcdClient({ urls, password, tls, seconds, connections, server });
	const patience = new Patience(seconds, isLost);
	const rowName = (key: string) => `${namespace}:${key}`;
	const rowKey = (key: string) => toBase64(rowName(key));

	const fail = (error: unknown): never => {
		throw etcdError(error, server);
	};

	/** Asks what changes nothing. */
	const ask = <Answer>(path: string, body: object) =>
		patience.read((left) => client.ask<Answer>(path, body, left)).catch(fail);

	const text = async (kv: KeyValue | undefined, key: string) => kv && (await decode(fromBase64(kv.value), key, server));

	async function find(key: string, left?: number): Promise<KeyValue | undefined> {
		const { kvs } = await client.ask<RangeAnswer>("v3/kv/range", { key: rowKey(key) }, left);
		return kvs?.[0];
	}

	/** Does this where the key is as compared; else tells what there is. */
	async function transact(key: string, compare: object, change: readonly object[]): Promise<Outcome> {
		const row = rowKey(key);
		const { succeeded = false, responses } = await client.ask<TxnAnswer>("v3/kv/txn", {
			compare: [{ key: row, result: "EQUAL", ...compare }],
			success: change,
			failure: [{ requestRange: { key: row } }],
		});
		return succeeded ? DONE : { done: false, found: responses?.[0]?.response_range?.kvs?.[0] };
	}

	async function swapOnce({ key, before, after }: Swap): Promise<boolean> {
		const row = rowKey(key);
		const put = after === undefined ? undefined : { requestPut: { key: row, value: toBase64(await encode(after)) } };
		const change = before === after ? [] : [put ?? { requestDeleteRange: { key: row } }];
		if (before === undefined) {
			return (await transact(key, { target: "CREATE", createRevision: "0" }, change)).done;
		}
		const value = toBase64(await encode(before));
		let last: Outcome =
			value.length > LONGEST_COMPARED
				? { done: false, found: await find(key) }
				: await transact(key, { target: "VALUE", value }, change);
		// What is stored may still be `before`: as another Keyv version writes it, or too long to be sent for comparing.
		while (last.found && (await text(last.found, key)) === before) {
			last = await transact(key, { target: "MOD", modRevision: last.found.mod_revision }, change);
		}
		return last.done;
	}

	async function swap(swap: Swap): Promise<boolean> {
		try {
			return await patience.swap(
				swap,
				() => swapOnce(swap),
				async (left) => text(await find(swap.key, left), swap.key),
			);
		} catch (error) {
			if (error instanceof EtcdError && error.isTooLarge) throw tooLong(swap, server);
			return fail(error);
		}
	}

	// A server that can't be used is told of at once, and not by the first change.
	await ask("v3/kv/range", { key: rowKey(""), keysOnly: true }).catch((error) => {
		client.close();
		throw error;
	});

	return {
		async read(key) {
			return await text(await patience.read((left) => find(key, left)).catch(fail), key);
		},

		async readMany(keys) {
			const found = await readMany(ask, keys.map(rowName));
			return await Promise.all(keys.map((key) => text(found.get(rowKey(key)), key)));
		},

		swap: (key, before, after) => swap({ key, before, after }),

		// A transaction of several would do all or nothing.
		swapMany: (swaps) => eachInOrder(swaps, swap),

		async *keys(from = "") {
			const prefix = Buffer.from(`${namespace}:`);
			let start = Buffer.concat([prefix, Buffer.from(from)]);
			for (;;) {
				const { kvs = [], more = false } = await ask<RangeAnswer>("v3/kv/range", {
					key: start.toString("base64"),
					// ";" follows ":", so this is the range of all keys that begin with the namespace and a colon.
					rangeEnd: toBase64(`${namespace};`),
					limit: String(PAGE_KEYS),
					keysOnly: true,
				});
				for (const kv of kvs) yield keyText(Buffer.from(kv.key, "base64").subarray(prefix.length), server);
				const last = kvs.at(-1);
				if (!more || !last) return;
				start = Buffer.concat([Buffer.from(last.key, "base64"), Buffer.alloc(1)]);
			}
		},

		async check() {
			const answer = await ask<{ readonly alarms?: readonly { readonly alarm: string }[] }>("v3/maintenance/alarm", {});
			const alarms = (answer.alarms ?? []).map(({ alarm }) => ({
				message: `${server}: etcd has raised the alarm ${alarm}`,
				hint: "On the server: etcdctl alarm list; etcd's manual says what to do",
			}));
			return [...clearTextFlaws(urls), ...alarms];
		},

		async close() {
			client.close();
		},
	};
}

function tooLong({ key, after = "" }: Swap, server: string): BackendError {
	return new BackendError(
		"refused",
		`${server}: the text for ${JSON.stringify(key)} is too long for etcd: ${Buffer.byteLength(after)} bytes`,
		"Its requests may have 1.5 MiB; it takes longer ones when it is started with --max-request-bytes",
		key,
	);
}
