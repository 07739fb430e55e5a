import { existsSync, readFileSync } from "node:fs";
import type { Backend } from "../../backends/backend.js";
import { type Config, loadConfig } from "../config/config.js";
import { storeFile, storeLabel } from "../config/store.js";
import { TroclaError } from "../errors.js";
import { withBackend } from "../open.js";
import { fail, pages } from "../records/pages.js";
import { aesSeal } from "./aes.js";
import { KeyRing, type RingSource } from "./key-ring.js";
import { lockRing } from "./key-ring-lock.js";
import { createRing } from "./key-ring-write.js";
import { type Resealing, resealAll } from "./reseal.js";
import { SEALED } from "./seal.js";
import { replaceConfig, withEncryption } from "./site-config.js";

export interface SealedSite extends Resealing {
	readonly config: Config;
	readonly ring: RingSource;
	/** Whether the ring was made just now. */
	readonly ringMade: boolean;
	/** Whether the store's files hold nothing any more of what is not sealed; false where other processes use them. */
	readonly scrubbed: boolean;
}

/**
 * Has the store of a configuration sealed, and seals what is in it, while other processes go on working. Ended at any
 * moment, it goes on when it is called again.
 *
 * From the first step on, whoever reads the configuration can open both what is sealed and what is not yet, and seals
 * what it writes; and the store itself refuses what is not sealed, of those who read the configuration before. Once
 * every record is sealed, one that is not is refused.
 *
 * @param file - the configuration's file, which is there
 * @param keyFile - the ring's file, where the configuration names no ring yet
 * @param seen - hears how many records a pass has looked at so far
 * @throws {TroclaError} `config`, `ring`, `store`
 */
export async function sealSite(file: string, keyFile: string, seen: (records: number) => void): Promise<SealedSite> {
	const before = await loadConfig(file);
	if (before.store.name === "memory") {
		throw new TroclaError("config", "a memory store is never at rest", "Set store: sqlite to have one that is sealed");
	}
	const ring: RingSource = before.sealing?.ring ?? { kind: "file", path: keyFile };
	return await lockRing(ring, async () => {
		const ringMade = await provideRing(ring, before);
		const keys = KeyRing.open(ring);
		// Another run may have ended while this one waited for the lock.
		const { sealing } = await loadConfig(file);
		// In a store that is sealed already, a record that is not is somebody else's, and is not to be sealed as if it were ours.
		const isUnderWay = sealing === undefined || sealing.acceptPlain;
		if (isUnderWay) await configure(file, keyFile, true);
		return await withBackend(
			before,
			async (backend) => {
				await backend.guard?.(SEALED).catch(fail);
				const resealing = await resealAll(backend, aesSeal(keys, isUnderWay), seen);
				if (isUnderWay) await configure(file, keyFile, false);
				const scrubbed = (await backend.scrub?.().catch(fail)) ?? true;
				return { ...resealing, config: await loadConfig(file), ring, ringMade, scrubbed };
			},
			true,
		);
	});
}

/**
 * Makes the ring where there is none, unless a store was sealed with the one that is missing. One that an earlier run
 * made is used, and one that the configuration names; another store's is not.
 */
async function provideRing(ring: RingSource, config: Config): Promise<boolean> {
	if (ring.kind !== "file") return false;
	if (existsSync(ring.path)) {
		if (!config.sealing) refuseForeign(ring, storeLabel(config.store));
		return false;
	}
	const file = storeFile(config.store);
	if ((file === undefined || existsSync(file)) && (await withBackend(config, hasSealed))) {
		throw new TroclaError(
			"ring",
			`the key ring ${ring.path} is not there, and the store ${storeLabel(config.store)} has records that were sealed with one`,
			"Restore it from your backup: without it no sealed record can be read",
		);
	}
	return await createRing(ring.path, storeLabel(config.store), new Date());
}

function refuseForeign(ring: RingSource, path: string): void {
	const { name, stores } = KeyRing.open(ring);
	const other = stores.find((store) => store !== path);
	if (other === undefined) return;
	throw new TroclaError(
		"ring",
		`${name} is that of the store ${other}`,
		"Give this store a key ring of its own, with --key-file",
	);
}

async function hasSealed(backend: Backend): Promise<boolean> {
	for await (const page of pages(backend, () => true, "")) {
		if (page.some(({ text }) => text?.startsWith(SEALED))) return true;
	}
	return false;
}

/** Sets the configuration's encryption, where it is not so already. */
async function configure(file: string, keyFile: string, acceptPlain: boolean): Promise<void> {
	const { sealing } = await loadConfig(file);
	if (sealing?.acceptPlain === acceptPlain) return;
	await replaceConfig(file, withEncryption(readFileSync(file, "utf8"), keyFile, acceptPlain, file));
}
