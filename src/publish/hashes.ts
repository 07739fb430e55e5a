import type { HashOf, StoredHash } from "../accounts/account-files.js";
import { daysSinceEpoch } from "../accounts/day.js";
import { compareBytes } from "../accounts/entry.js";
import { isCryptHash, type StoredPassword } from "../accounts/password.js";
import { TroclaError } from "../errors.js";
import { inParallel } from "../parallel.js";
import type { Peeked } from "../peek-many.js";
import { concernsStore } from "../records/pages.js";
import type { Trocla } from "../trocla.js";
import { sha256 } from "./manifest.js";
import { PasswordMap } from "./password-map.js";

/** A password whose hash can't be read, or can't be made. */
export interface HashFault {
	readonly password: StoredPassword;
	readonly error: TroclaError;
}

/** What the store has for a password; neither where it has nothing. */
interface Found {
	readonly password: StoredPassword;
	readonly hash?: StoredHash;
	readonly error?: TroclaError;
}

/** The hashes that were asked of a store: each is there, is missing, or has a fault. */
export class Hashes {
	/** Those that are not stored, by the bytes of their keys, those of one key by format. */
	readonly missing: readonly StoredPassword[];
	/** Those that can't be read or made, in the same order. */
	readonly faults: readonly HashFault[];
	readonly #found = new PasswordMap<Found>();

	/** @internal Programs get them from `readHashes`. */
	constructor(found: Iterable<Found>) {
		for (const one of found) this.#found.set(one.password, one);
		const without = [...this.#found.values()].filter(({ hash }) => !hash).sort(byPassword);
		this.missing = without.filter(({ error }) => !error).map(({ password }) => password);
		this.faults = without.flatMap(({ password, error }) => (error ? [{ password, error }] : []));
	}

	/** A password's hash, and when that hash was stored; `undefined` where there is none, or it was not asked for. */
	readonly of: HashOf = (password) => this.#found.get(password)?.hash;

	/** Why a password has no hash; `undefined` where it has one, or none is stored. */
	faultOf(password: StoredPassword): TroclaError | undefined {
		return this.#found.get(password)?.error;
	}

	/** These and others; of what is in both, the others'. */
	with(others: Hashes): Hashes {
		return new Hashes([...this.#found.values(), ...others.#found.values()]);
	}

	/**
	 * The SHA-256, in hex, of these passwords, their hashes, and the days when those were stored, in this order: while it
	 * stays the same, what shadow(5) has of them does too. One without a hash counts as such, whatever the reason.
	 */
	digest(passwords: readonly StoredPassword[]): string {
		return sha256(passwords.map((password) => this.#line(password)).join("\n"));
	}

	/** Whether all that are there are hashes of crypt(5), and none has a fault. */
	get areSound(): boolean {
		if (this.faults.length > 0) return false;
		for (const { hash } of this.#found.values()) if (hash && !isCryptHash(hash.hash)) return false;
		return true;
	}

	#line(password: StoredPassword): string {
		const { key, format } = password;
		const found = this.#found.get(password)?.hash;
		// JSON shows where each part ends, and half a character as what it is, which UTF-8 does not.
		return JSON.stringify([key, format, ...(found ? [found.hash, dayOf(found)] : [])]);
	}
}

/**
 * Reads the hashes of passwords, each once, and makes none. `changed` is when the hash itself was stored: that its
 * plaintext is handed out later does not change it, so what is printed of an unchanged hash stays the same.
 *
 * @throws {TroclaError} `store`, `damaged`, `ring`, `config` where not a record is at fault, but what all are read with
 */
export async function readHashes(
	trocla: Pick<Trocla, "peekMany">,
	passwords: Iterable<StoredPassword>,
): Promise<Hashes> {
	const asked = distinct(passwords);
	const peeked = await trocla.peekMany(asked);
	return new Hashes(asked.map((password, index) => found(password, peeked[index])));
}

function found(password: StoredPassword, peeked: Peeked | undefined): Found {
	if (!peeked) return { password };
	if (peeked.error) return { password, error: peeked.error };
	return { password, hash: { hash: peeked.value, changed: new Date(peeked.at) } };
}

export interface MakeSettings {
	/** Hears how many of all were made, or failed, so far. */
	readonly seen?: ((done: number, total: number) => void) | undefined;
	/** Once it is aborted nothing more is begun, and its reason is thrown when what had begun has ended. */
	readonly signal?: AbortSignal | undefined;
}

/** So many are asked for at once: one commit is for many of them, and to stop takes no longer than to make these. */
const AT_ONCE = 128;

/**
 * Makes the hashes that are missing, each as `get` does, and reads them as `readHashes` does. One that can't be made has
 * its error in the faults (`no_plaintext` where it was handed out, `unhashable`, `claimed`) and stops no other.
 *
 * @param trocla - opened for many calls at once: `inGroups`, and with two `atOnce` for each thread
 * @throws {TroclaError} `store`, `damaged`, `ring`, `config` where it is not one password that is at fault; what was made
 *   by then is stored
 */
export async function makeHashes(
	trocla: Pick<Trocla, "get" | "peekMany">,
	missing: Iterable<StoredPassword>,
	{ seen = () => {}, signal }: MakeSettings = {},
): Promise<Hashes> {
	const wanted = distinct(missing);
	const made: StoredPassword[] = [];
	const failed: Found[] = [];
	await inParallel(untilAborted(wanted, signal), AT_ONCE, async (password) => {
		const error = await failureOf(trocla.get(password.key, password.format));
		if (error) failed.push({ password, error });
		else made.push(password);
		seen(made.length + failed.length, wanted.length);
	});
	signal?.throwIfAborted();
	return (await readHashes(trocla, made)).with(new Hashes(failed));
}

/** Why one password has no hash; what would keep the others from theirs too is thrown. */
async function failureOf(get: Promise<string>): Promise<TroclaError | undefined> {
	try {
		await get;
		return undefined;
	} catch (error) {
		if (!(error instanceof TroclaError) || concernsStore(error)) throw error;
		return error;
	}
}

async function* untilAborted<Item>(
	items: readonly Item[],
	signal: AbortSignal | undefined,
): AsyncGenerator<Item, void, undefined> {
	for (const item of items) {
		signal?.throwIfAborted();
		yield item;
	}
}

function distinct(passwords: Iterable<StoredPassword>): StoredPassword[] {
	const each = new PasswordMap<StoredPassword>();
	for (const password of passwords) each.set(password, password);
	return [...each.values()];
}

const dayOf = ({ changed }: StoredHash) => (changed ? daysSinceEpoch(changed) : null);

function byPassword({ password: a }: Found, { password: b }: Found): number {
	return compareBytes(a.key, b.key) || compareBytes(a.format, b.format);
}
