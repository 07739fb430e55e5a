import { createHash } from "node:crypto";
import type { Backend, Swap } from "./backend.js";
import type { OptionsOf, redisOptions } from "./options.js";
import { RedisConnection } from "./redis/connection.js";
import { isLost, isUnsent, redisError } from "./redis/error.js";
import { keysInOrder, someKeys } from "./redis/keys.js";
import { clearTextFlaws } from "./server/clear-text.js";
import { eachInOrder } from "./server/each-in-order.js";
import { decode, encode } from "./server/keyv-rows.js";
import { DEFAULT_SECONDS, Patience } from "./server/patience.js";
import { serverName } from "./server/server-name.js";
import { readTlsFiles } from "./server/tls-files.js";

/**
 * Compares and sets, and touches no other key. No row is empty, so an empty text stands for none. Where it was not done,
 * the answer is what is stored.
 */
const SWAP = `
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[1] then return stored end
if ARGV[2] == ARGV[1] then return 1 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1
`;
const SWAP_SHA1 = createHash("sha1").update(SWAP).digest("hex");

/**
 * Records in a Redis or Valkey server, or in a cluster of them, in the rows of Keyv's adapter: `trocla::KEY`.
 *
 * The server must keep what it answered: one that may lose changes is refused, unless it is allowed to. All goes over
 * one connection to each server, however much is asked at once.
 *
 * @throws {BackendError}
 */
export async function openRedis({ url: urls = [], ...options }: OptionsOf<typeof redisOptions>): Promise<Backend> {
	const { namespace = "trocla", password, seconds = DEFAULT_SECONDS, allow_loss: mayLose = false } = options;
	const server = serverName(urls);
	const tls = await readTlsFiles(options);
	const connection = new RedisConnection({ urls, password, tls, seconds, mayLose, server });
	const patience = new Patience(seconds, isLost, isUnsent);
	const prefix = `${namespace}::`;
	const rowKey = (key: string) => prefix + key;

	const ask = <Answer>(question: (seconds: number) => Promise<Answer>, key?: string) =>
		patience.read(question).catch((error: unknown) => {
			throw redisError(error, server, key);
		});

	const text = async (row: unknown, key: string) => (row === null ? undefined : await decode(String(row), key, server));

	async function stored(key: string, left: number): Promise<string | undefined> {
		const row = await connection.send(rowKey(key), ["GET", rowKey(key)], left);
		return await text(row, key);
	}

	async function runScript(key: string, before: string, after: string): Promise<unknown> {
		const args = ["1", rowKey(key), before, after];
		try {
			return await connection.send(rowKey(key), ["EVALSHA", SWAP_SHA1, ...args]);
		} catch (error) {
			if (!/^NOSCRIPT /.test((error as Error).message)) throw error;
			return await connection.send(rowKey(key), ["EVAL", SWAP, ...args]);
		}
	}

	async function swapOnce({ key, before, after }: Swap): Promise<boolean> {
		const row = async (text: string | undefined) => (text === undefined ? "" : await encode(text));
		const [old, by] = [await row(before), await row(after)];
		const answer = await runScript(key, old, by);
		if (answer === 1) return true;
		const other = String(answer);
		// Other Keyv versions write the same text into another row.
		if (before === undefined || other === "" || (await decode(other, key, server)) !== before) return false;
		return (await runScript(key, other, before === after ? other : by)) === 1;
	}

	async function swap({ key, before, after }: Swap): Promise<boolean> {
		try {
			return await patience.swap(
				{ key, before, after },
				() => swapOnce({ key, before, after }),
				(left) => stored(key, left),
			);
		} catch (error) {
			throw redisError(error, server, key);
		}
	}

	// A server that can't be used is told of at once, and not by the first change.
	await ask(() => connection.primaries());

	return {
		read: (key) => ask((left) => stored(key, left), key),

		readMany(keys) {
			return ask(async (left) => {
				if (keys.length === 0) return [];
				const found = await connection.getMany(keys.map(rowKey), left);
				return await Promise.all(keys.map((key, index) => text(found[index], key)));
			});
		},

		swap: (key, before, after) => swap({ key, before, after }),

		swapMany: (swaps) => eachInOrder(swaps, swap),

		keys: (from = "") => keysInOrder(() => connection.primaries(), { prefix, from, server }, ask),

		some: () => ask(async () => someKeys(await connection.primaries(), prefix, server)),

		async check() {
			const inspections = await ask(() => connection.inspect());
			const losses = new Map(inspections.flatMap(({ losses }) => losses).map((loss) => [loss.message, loss]));
			const told = [...losses.values()].map(({ message, hint }) => ({ message: `${server}: ${message}`, hint }));
			return [...clearTextFlaws(urls), ...told];
		},

		close: () => connection.close(),
	};
}
