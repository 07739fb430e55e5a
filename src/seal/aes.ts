import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { TroclaError } from "../errors.js";
import { shellWord } from "../input.js";
import type { Seal } from "../records/store.js";
import { quote } from "../refusals.js";
import { KeyRing, type RingKey, type RingSource } from "./key-ring.js";
import { SEALED, sealedWith } from "./seal.js";

/** How a configuration has records sealed. */
export interface Sealing {
	readonly ring: RingSource;
	/** Whether a record that is not sealed is taken, as while a store is being sealed; else it is refused. */
	readonly acceptPlain: boolean;
}

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals records with AES-256-GCM (NIST SP 800-38D) under the newest key of a ring, and opens those of all its keys.
 *
 * A sealed text is `trocla-sealed:1:aes-256-gcm:ID:DATA`: the ring's key by its name, and the base64 of nonce (12 random
 * bytes), ciphertext and tag (16). Authenticated with it is all that stands before DATA, and behind that the record's key:
 * a text opens only as what it is, and only at the key that it was sealed for.
 *
 * @throws {TroclaError} `ring` where the ring can't be used
 */
export function openSeal({ ring, acceptPlain }: Sealing): Required<Seal> {
	return aesSeal(KeyRing.open(ring), acceptPlain);
}

export function aesSeal(ring: KeyRing, acceptPlain: boolean): Required<Seal> {
	return {
		close(text, key) {
			const { id, bytes } = ring.newest();
			const header = headerOf(id);
			const nonce = randomBytes(NONCE_BYTES);
			const cipher = createCipheriv(CIPHER, bytes, nonce, { authTagLength: TAG_BYTES });
			cipher.setAAD(Buffer.from(header + key));
			const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
			return header + sealed.toString("base64");
		},

		open(stored, key) {
			if (!stored.startsWith(SEALED)) {
				if (acceptPlain) return stored;
				throw notSealed(key);
			}
			const id = sealedWith(stored);
			if (id === undefined) throw unknownSeal(key);
			const ringKey = ring.find(id);
			if (!ringKey) throw notInRing(key, id, ring.name);
			const text = decrypt(stored, key, ringKey);
			if (text === undefined) throw altered(key);
			return text;
		},

		isCurrent: (stored) => sealedWith(stored) === ring.newest().id,
	};
}

// Its four fields hold no colon but the one behind each, so nothing else reads as header and key.
const headerOf = (id: string) => `${SEALED}1:${CIPHER}:${id}:`;

/** The text; `undefined` where it is not what was sealed for this key. */
function decrypt(stored: string, key: string, { id, bytes }: RingKey): string | undefined {
	const header = headerOf(id);
	const base64 = stored.slice(header.length);
	const sealed = Buffer.from(base64, "base64");
	// Node skips what is not base64, and the last character may have spare bits: neither is part of what is authenticated.
	if (sealed.length < NONCE_BYTES + TAG_BYTES || sealed.toString("base64") !== base64) return undefined;
	const decipher = createDecipheriv(CIPHER, bytes, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
	decipher.setAAD(Buffer.from(header + key));
	decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
	try {
		const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
		return Buffer.concat([text, decipher.final()]).toString("utf8");
	} catch {
		return undefined;
	}
}

const giveUp = (key: string) => `trocla delete --force ${shellWord(key)} gives the key up`;

function notSealed(key: string): TroclaError {
	return new TroclaError(
		"damaged",
		`the record of ${quote(key)} is not sealed, and this store's records are: somebody else wrote it`,
		`If you know that it is right, set accept_plain: true in encryption_options and run trocla init --sealed; ${giveUp(key)}`,
	);
}

function unknownSeal(key: string): TroclaError {
	return new TroclaError(
		"damaged",
		`the record of ${quote(key)} is sealed in a way that this trocla does not know`,
		`Nothing was changed. Use a newer trocla if one wrote it, or restore the store from a backup; ${giveUp(key)}`,
	);
}

function notInRing(key: string, id: string, ring: string): TroclaError {
	return new TroclaError(
		"damaged",
		`the record of ${quote(key)} is sealed with the key ${id}, which is not in ${ring}`,
		`Nothing was changed. Restore the key ring that this store was sealed with from your backup; ${giveUp(key)}`,
	);
}

function altered(key: string): TroclaError {
	return new TroclaError(
		"damaged",
		`the record of ${quote(key)} was altered, or belongs to another key`,
		`Nothing was changed. Restore the store from a backup; ${giveUp(key)}`,
	);
}
