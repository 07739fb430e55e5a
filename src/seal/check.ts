import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../config/config.js";
import { storeFile } from "../config/store.js";
import type { Finding } from "../doctor/finding.js";
import { TroclaError } from "../errors.js";
import type { Census } from "./census.js";
import { KeyRing } from "./key-ring.js";

/** What there is to say of the key ring of a sealed store by itself. */
export function* checkRing({ sealing, store }: Config): Generator<Finding> {
	if (!sealing) return;
	const path = storeFile(store);
	try {
		const ring = KeyRing.open(sealing.ring);
		const { id, created } = ring.newest();
		const count = ring.keys.length === 1 ? "one key" : `${ring.keys.length} keys`;
		const place = ring.name.replace("the key ring ", "");
		yield finding("ok", `${place}: ${count}; ${id} of ${created.slice(0, 10)} seals`);
		if (sealing.ring.kind === "file" && path !== undefined && isBeside(sealing.ring.path, path)) {
			yield finding(
				"note",
				`${ring.name} is in the store's directory: whoever copies that has both`,
				"Move its file to another directory, and set key_file in encryption_options",
			);
		}
	} catch (error) {
		if (!(error instanceof TroclaError)) throw error;
		yield finding("fault", error.message, error.hint);
	}
	if (sealing.acceptPlain) {
		yield finding(
			"note",
			"accept_plain is set, so records that are not sealed are taken too",
			"Run: trocla init --sealed, which seals them and takes accept_plain out",
		);
	}
}

/**
 * What there is to say of how a sealed store's records are sealed, after all of them were looked at.
 *
 * @param records - how many there are, also those whose rows can't be read, which the census knows nothing of
 */
export function* checkCensus({ sealing }: Config, census: Census, records: number): Generator<Finding> {
	if (!sealing) return;
	const keys = KeyRing.open(sealing.ring).keys.map(({ id }) => id);
	const newest = keys.at(-1) ?? "";
	const old = keys.slice(0, -1).filter((id) => census.under(id) > 0);
	yield finding("ok", `${census.under(newest)} of ${records} records are sealed with the newest key`);
	for (const id of old) {
		yield finding("note", `${census.under(id)} records are sealed with the older key ${id}`, "Run: trocla rekey");
	}
	const others = keys.slice(0, -1);
	// Of a record that is sealed in no known way, as of one that is not read, it can't be told what it needs.
	if (others.length > 0 && census.under(newest) === records) {
		yield finding(
			"note",
			`no record needs the older keys any more: ${others.join(", ")}`,
			"Run: trocla rekey --drop-old",
		);
	}
	if (census.plain > 0 && sealing.acceptPlain) {
		yield finding("note", `${census.plain} records are not sealed yet`, "Run: trocla init --sealed");
	}
}

function isBeside(ring: string, store: string): boolean {
	try {
		return dirname(realpathSync(ring)) === dirname(realpathSync(store));
	} catch {
		return false;
	}
}

const finding = (state: Finding["state"], message: string, mend?: string): Finding => ({
	check: "key ring",
	state,
	message,
	...(mend !== undefined && { mend }),
});
