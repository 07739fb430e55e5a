import { type Backend, BackendError, type Swap } from "./backend.js";
import { eachInOrder } from "./server/each-in-order.js";
import { HttpClient } from "./server/http.js";
import { DEFAULT_SECONDS, Patience } from "./server/patience.js";
import { readTlsFiles, type TlsFiles } from "./server/tls-files.js";
import { Changes } from "./vault/changes.js";
import { isLost, VaultClient } from "./vault/client.js";
import { flawsOf } from "./vault/flaws.js";
import { type Location, locate } from "./vault/location.js";
import { openMount } from "./vault/mount.js";
import { bytesOf, inBytes, keyOf } from "./vault/names.js";
import { Records } from "./vault/records.js";

/** What `store_options` may hold; docs/stores.md has the meanings. */
export interface VaultOptions extends TlsFiles, Location {
	readonly seconds?: number | undefined;
	readonly connections?: number | undefined;
}

const DEFAULT_CONNECTIONS = 10;
const PAGE_KEYS = 500;

/**
 * Records in a mount of KV version 2 of HashiCorp Vault or OpenBao, a secret each, over its HTTP API.
 *
 * A change reads a secret's version and writes where it still is the newest; older versions are destroyed, so that no
 * replaced or deleted text stays. A key that was deleted stays as a version that says so. `keys` has all of them in
 * memory, since Vault gives them all at once.
 *
 * @throws {BackendError} where it can't be reached, does not take the token, or the mount is not fit
 */
export async function openVault(options: VaultOptions): Promise<Backend> {
	const { server, base, place, who } = locate(options);
	const { seconds = DEFAULT_SECONDS, connections = DEFAULT_CONNECTIONS } = options;
	const http = new HttpClient(base, { tls: await readTlsFiles(options), seconds, connections });
	const client = new VaultClient(http, server, who);
	const patience = new Patience(seconds, isLost);
	const records = new Records(client, place);
	let isClosed = false;

	async function told<Result>(work: () => Promise<Result>): Promise<Result> {
		if (isClosed) throw new BackendError("unavailable", `the store ${server} is closed`, "Open another one");
		try {
			return await work();
		} catch (error) {
			throw client.toBackendError(error);
		}
	}

	async function close(): Promise<void> {
		isClosed = true;
		client.close();
	}

	const mount = await told(() => patience.read(() => openMount(client, place.mount))).catch(async (error) => {
		await close();
		throw error;
	});
	const changes = new Changes({ client, records, mount, patience, seconds });

	const read = (key: string) => told(() => patience.read(async () => (await records.read(key)).text));
	const swap = (swap: Swap) => told(() => changes.swap(swap));

	return {
		read,

		readMany: (keys) => told(() => Promise.all(keys.map(read))),

		swap: (key, before, after) => swap({ key, before, after }),

		swapMany: (swaps) => eachInOrder(swaps, swap),

		async *keys(from = "") {
			const { names, deleted } = await told(() => patience.read(() => records.names()));
			const start = inBytes(from);
			const marked = new Set([...deleted].map(bytesOf));
			const inOrder = names.flatMap((name) => bytesOf(name) ?? []).filter((bytes) => bytes >= start);
			inOrder.sort();
			for (let first = 0; first < inOrder.length; first += PAGE_KEYS) {
				const page = inOrder.slice(first, first + PAGE_KEYS);
				const gone = await goneOf(page.filter((bytes) => marked.has(bytes)));
				for (const bytes of page) if (!gone.has(bytes)) yield keyOf(bytes);
			}
		},

		check: () => told(() => patience.read(() => flawsOf(client, records))),

		close,
	};

	/** Of keys that were deleted once, those that nobody has created again. */
	async function goneOf(deleted: readonly string[]): Promise<ReadonlySet<string>> {
		const isGone = await Promise.all(deleted.map((bytes) => isAbsent(keyOf(bytes))));
		return new Set(deleted.filter((_, index) => isGone[index]));
	}

	/** What can't be read as a record is there. */
	async function isAbsent(key: string): Promise<boolean> {
		try {
			return (await read(key)) === undefined;
		} catch (error) {
			if (error instanceof BackendError && error.fault === "damaged") return false;
			throw error;
		}
	}
}
