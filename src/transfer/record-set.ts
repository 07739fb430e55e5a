import { createHash } from "node:crypto";
import { type KeyRecord, printRecord } from "../records/record.js";
import { known } from "./place.js";

/**
 * Remembers which records went by, in some 40 bytes each, to tell later whether a key still has the one that it had.
 * That it takes another record for that one is as likely as one in 2^48.
 */
export class RecordSet {
	readonly #digests = new Set<number>();

	add(key: string, record: KeyRecord): void {
		this.#digests.add(digest(key, record));
	}

	has(key: string, record: KeyRecord): boolean {
		return this.#digests.has(digest(key, record));
	}
}

function digest(key: string, record: KeyRecord): number {
	return createHash("sha256")
		.update(`${key}\0${printRecord(known(record, key))}`)
		.digest()
		.readUIntBE(0, 6);
}
