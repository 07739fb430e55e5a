import { TroclaError } from "../errors.js";
import { shellWord } from "../input.js";
import type { Options, Values } from "../records/record.js";
import { isEmpty, isMap } from "../value.js";
import { ApiError } from "./api-error.js";
import type { Client } from "./client.js";
import type { OpenStore } from "./open-store.js";
import { signerOf } from "./signer.js";

/** What a request is answered from, and for whom. */
export interface Desk {
	readonly store: OpenStore;
	readonly client: Client;
	/** Hears what the client is to be told besides. */
	readonly warn: (message: string) => void;
}

/** A format of a key, and what is said of how it is to be. */
export interface Order {
	readonly key: string;
	readonly format: string;
	readonly options: Options;
}

/** @throws {TroclaError} `not_found` */
export async function get({ store, client, warn }: Desk, { key, format, options }: Order): Promise<string> {
	const value = await store.read((trocla) =>
		isEmpty(options) ? trocla.peek(key, format) : trocla.onBehalfOf(client.name, warn).peek(key, format, options),
	);
	if (value !== undefined) return value;
	throw new TroclaError(
		"not_found",
		`${JSON.stringify(key)} has no ${format} stored`,
		`trocla create ${shellWord(key)} ${format} makes one`,
	);
}

export async function create(
	desk: Desk,
	{ key, format, options, renewBefore }: Order & { readonly renewBefore?: number | undefined },
): Promise<string> {
	const { store, client, warn } = desk;
	await check(client, options);
	if (renewBefore !== undefined) {
		// It may take the place of one that is stored.
		await client.demand("reset", key);
		await demandStoredSigner(desk, { key, format, options });
		return await store.write(desk, (trocla) => trocla.get(key, format, options, { renewBefore }));
	}
	// Nearly always it is stored, and is not to wait for those who write.
	const stored = await store.read((trocla) => trocla.peek(key, format));
	if (stored !== undefined && isEmpty(options)) return stored;
	const ca = signerOf(store.policy, { format, options });
	if (stored === undefined) {
		if (ca !== undefined) await client.demand("sign", ca);
		return await store.write(desk, (trocla) => trocla.get(key, format, options));
	}
	// It may have been deleted by now, and is not to be made then.
	if (ca !== undefined && !client.grants.allows("sign", ca)) return await get(desk, { key, format, options });
	return await store.read((trocla) => trocla.onBehalfOf(client.name, warn).get(key, format, options));
}

export async function set(
	desk: Desk,
	{ key, format, options, value, raw }: Order & { readonly value: string; readonly raw: boolean },
): Promise<string> {
	await check(desk.client, options);
	return await desk.store.write(desk, (trocla) => trocla.set(key, format, value, options, { raw }));
}

export async function reset(desk: Desk, { key, format, options }: Order): Promise<string> {
	await check(desk.client, options);
	await demandStoredSigner(desk, { key, format, options });
	return await desk.store.write(desk, (trocla) => trocla.reset(key, format, options));
}

/** @param deliver - gets the values by format; when it returns, they are removed */
export async function handOut(
	desk: Desk,
	{ key, format, force }: { readonly key: string; readonly format: string; readonly force: boolean },
	deliver: (values: Values) => Promise<void>,
): Promise<void> {
	await desk.store.write(desk, (trocla) => trocla.handOut(key, deliver, { format, force }));
}

/** What takes some seconds to make: one client is not to have the machine work for hours, and the others wait. */
const MOST: { readonly [option: string]: number } = {
	...{ cost: 16, rounds: 10_000_000, time: 100, memory: 1024 * 1024 },
	...{ bits: 8192, keysize: 8192 },
};

/** Makes sure that a client may ask for these options. */
async function check(client: Client, options: Options): Promise<void> {
	for (const layer of layersOf(options)) {
		const option = Object.keys(MOST).find((name) => Number(layer[name]) > Number(MOST[name]));
		if (option === undefined) continue;
		const hint = "A profile, or options, in the daemon's configuration may have more";
		throw new ApiError(400, "invalid", `option ${option} is at most ${MOST[option]} for clients`, hint);
	}
	await demandSigner(client, options);
}

/** Options, and those under a format's name. */
const layersOf = (options: Options) => [options, ...Object.values(options).filter(isMap)];

/** A certificate may be signed by another key's CA: to name it is to use that key. */
async function demandSigner(client: Client, options: Options): Promise<void> {
	for (const layer of layersOf(options)) {
		if (typeof layer.ca === "string") await client.demand("sign", layer.ca);
	}
}

/**
 * A stored certificate is signed again by the CA that it was made with. As it was, anyone may have it who may reset its
 * key; with another name in it, it is a new use of the CA's key.
 */
async function demandStoredSigner({ store, client }: Desk, { key, format, options }: Order): Promise<void> {
	const shown = await store.read((trocla) => trocla.show(key));
	const stored = shown?.formats[format];
	if (stored && Object.keys(options).every((name) => name === "render")) return;
	await demandSigner(client, stored?.options ?? {});
	const ca = signerOf(store.policy, { format, options }, stored?.options);
	if (ca !== undefined) await client.demand("sign", ca);
}
