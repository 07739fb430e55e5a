import { readyAudit } from "../after-change.js";
import type { Config } from "../config/config.js";
import { storeLabel } from "../config/store.js";
import { TroclaError } from "../errors.js";
import { withBackend } from "../open.js";
import { fail } from "../records/pages.js";
import { aesSeal, type Sealing } from "./aes.js";
import { Census } from "./census.js";
import { KeyRing } from "./key-ring.js";
import { lockRing } from "./key-ring-lock.js";
import { addKey, dropKeys } from "./key-ring-write.js";
import { type Resealing, resealAll } from "./reseal.js";
import { SEALED } from "./seal.js";

export interface Rekeying extends Resealing {
	/** The key that the records are sealed with now. */
	readonly key: string;
	/** Whether it was made just now; else an earlier run, or an administrator, added it. */
	readonly added: boolean;
	/** The older keys of the ring. */
	readonly oldKeys: readonly string[];
}

/**
 * Seals every record with a new key, while other processes go on working. Where some are not sealed with the ring's
 * newest key, as after a run that was ended, it goes on with that one instead of adding another.
 *
 * @param seen - hears how many records a pass has looked at so far
 * @throws {TroclaError} `config` where the store is not sealed; `ring`, also where it opens no record; `store`
 */
export async function rekey(config: Config, seen: (records: number) => void): Promise<Rekeying> {
	const sealing = sealingOf(config);
	const ring = KeyRing.open(sealing.ring);
	await readyAudit(config);
	return await lockRing(sealing.ring, async () => {
		const seal = aesSeal(ring, sealing.acceptPlain);
		return await withBackend(config, async (backend) => {
			await backend.guard?.(SEALED).catch(fail);
			const started = await resealAll(backend, seal, seen);
			if (started.resealed > 0) return { ...started, key: ring.newest().id, added: false, oldKeys: oldKeys(ring) };
			if (started.unopened > 0 && started.unopened === started.records) throw opensNothing(ring, started.records);
			if (sealing.ring.kind !== "file") throw keptElsewhere(ring, "adds a key");
			await addKey(sealing.ring.path, new Date());
			const resealing = await resealAll(backend, seal, seen);
			return { ...resealing, key: ring.newest().id, added: true, oldKeys: oldKeys(ring) };
		});
	});
}

/** Longer than any process takes from looking at the ring to the end of its write, waiting for locks included. */
const SETTLE_MS = 10 * 60_000;

/**
 * Takes the older keys out of the ring, where no record needs them any more.
 *
 * No record may come to be stored under a key that was dropped. A writer looks at the ring right before it seals, so
 * only one that looked before the newest key was there can still write under an older one. Its write ends, done or
 * refused, when it has waited a minute for the database at each of its few queries; so the ring must be older than
 * that before the store is looked through, and every record must be found under the newest key. What is left is a
 * writer that was stopped in between, for longer than that (a laptop that slept): when it goes on it writes under the
 * old key, looks at the ring again, and seals its record anew (see RecordStore). To lose it, it would have to be
 * killed just there.
 *
 * @returns the keys that were dropped
 * @throws {TroclaError} `ring` where the newest key is too young, or older ones are still needed
 */
export async function dropOld(
	config: Config,
	seen: (records: number) => void,
	now = new Date(),
): Promise<readonly string[]> {
	const sealing = sealingOf(config);
	const ring = KeyRing.open(sealing.ring);
	return await lockRing(sealing.ring, async () => {
		const old = oldKeys(ring);
		if (old.length === 0) return old;
		refuseShared(ring, storeLabel(config.store));
		refuseYoung(ring, now);
		await withBackend(config, async (backend) => {
			refuseNeeded(await Census.of(backend, seen), ring);
			if (sealing.ring.kind !== "file") throw keptElsewhere(ring, `takes out its old keys (${old.join(", ")})`);
			await dropKeys(sealing.ring.path, old);
		});
		return old;
	});
}

function sealingOf({ sealing, store }: Config): Sealing {
	if (sealing) return sealing;
	throw new TroclaError("config", `the store ${storeLabel(store)} is not sealed`, "trocla init --sealed seals it");
}

function opensNothing({ name }: KeyRing, records: number): TroclaError {
	return new TroclaError(
		"ring",
		`${name} opens none of the ${records} records`,
		"It was left as it is. Restore the key ring that this store was sealed with from your backup; trocla doctor names the records",
	);
}

/** Whoever put the ring where it is does what trocla can't. */
function keptElsewhere({ name }: KeyRing, does: string): TroclaError {
	const line = 'echo "$(openssl rand -hex 4) $(date -u +%FT%TZ) $(openssl rand -base64 32)"';
	return new TroclaError(
		"ring",
		`every record is sealed with the newest key, and only who keeps ${name} ${does}`,
		does === "adds a key"
			? `Add a line at its end, which this makes: ${line}. Then run it again where the new ring is`
			: "Do so after every program was started again that has the store open",
	);
}

function refuseShared({ name, stores }: KeyRing, path: string): void {
	const other = stores.find((store) => store !== path);
	if (other === undefined) return;
	throw new TroclaError(
		"ring",
		`${name} says that it is of the store ${other}, which may still need its older keys`,
		`Nothing was dropped. If that store is gone, or is ${path} now, mend that line of the ring`,
	);
}

function refuseYoung(ring: KeyRing, now: Date): void {
	const { id, created } = ring.newest();
	const since = Math.max(Date.parse(created), ring.changed?.getTime() ?? 0);
	const left = since + SETTLE_MS - now.getTime();
	if (left <= 0) return;
	throw new TroclaError(
		"ring",
		`${ring.name} was changed less than ten minutes ago (its newest key is ${id}, of ${created}): a process may still be writing under an older key`,
		`Nothing was dropped. Run it again in ${Math.ceil(left / 60_000)} minutes`,
	);
}

function refuseNeeded(census: Census, ring: KeyRing): void {
	const { id } = ring.newest();
	const others = census.records - census.under(id);
	if (others === 0) return;
	throw new TroclaError(
		"ring",
		`${others} of ${census.records} records are not sealed with the newest key ${id}`,
		"Nothing was dropped. trocla rekey seals them anew, and names those that it can't open",
	);
}

function oldKeys(ring: KeyRing): string[] {
	const newest = ring.newest();
	return ring.keys.filter((key) => key !== newest).map(({ id }) => id);
}
