import { randomInt } from "node:crypto";
import { equalInConstantTime } from "./compare.js";
import { FormatError } from "./format.js";
import { type Libcrypt, libcrypt } from "./libcrypt.js";

/** One of crypt(5)'s methods. Costs are the method's own: rounds, or the logarithm of rounds. */
export interface CryptMethod {
	/** What new hashes begin with. */
	readonly prefix: string;
	/** What a whole hash looks like; no value that doesn't is handed to crypt(3). */
	readonly shape: RegExp;
	/** Does crypt(3)'s work in JavaScript, for systems without libxcrypt: the same hash for the same setting. */
	readonly portable?: PortableCrypt;
}

export interface PortableCrypt {
	gensalt(cost: number): string | Promise<string>;
	crypt(phrase: string, setting: string): string | Promise<string>;
}

// crypt(3): a phrase is a C string of less than CRYPT_MAX_PASSPHRASE_SIZE bytes; longer ones hash to `*0`.
const MAX_PHRASE_BYTES = 511;

/**
 * A new hash of the plaintext, from the system's libcrypt or, without one, the method's portable code.
 *
 * @throws {FormatError} for a plaintext that crypt(3) can't hash, and where neither has the method
 */
export async function cryptDerive(
	method: CryptMethod,
	plain: string,
	cost: number,
	loading: Promise<Libcrypt | undefined> = libcrypt(),
): Promise<string> {
	const fault = unhashable(plain);
	if (fault) throw fault;
	const system = await loading;
	const setting = system?.gensalt(method.prefix, cost);
	const hash = setting && (await system?.crypt(plain, setting));
	if (hash) return hash;
	if (!method.portable) throw lacking(system);
	return await method.portable.crypt(plain, await method.portable.gensalt(cost));
}

/**
 * Whether the plaintext hashes to the value under the value's own salt and cost.
 *
 * @throws {FormatError} where neither the system's libcrypt nor the method's portable code can tell
 */
export async function cryptVerify(
	method: CryptMethod,
	plain: string,
	value: string,
	loading: Promise<Libcrypt | undefined> = libcrypt(),
): Promise<boolean> {
	if (unhashable(plain) || !method.shape.test(value)) return false;
	const system = await loading;
	const hash = (await system?.crypt(plain, value)) ?? (await method.portable?.crypt(plain, value));
	if (hash !== undefined) return equalInConstantTime(hash, value);
	// Where crypt(3) has the method, it was this value's salt or cost that it refused.
	if (system?.gensalt(method.prefix, 0)) return false;
	throw lacking(system);
}

/** A random salt of crypt(5)'s alphabet, `./0-9A-Za-z`. */
export function cryptSalt(length: number): string {
	return Array.from({ length }, () => CRYPT_ALPHABET[randomInt(CRYPT_ALPHABET.length)]).join("");
}

/** The digits of crypt(5)'s base 64, the lowest first. */
export const CRYPT_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const INSTALL =
	"Install libxcrypt (Debian: libcrypt1, Fedora: libxcrypt), or choose another format: sha512crypt, bcrypt";

function lacking(system: Libcrypt | undefined): FormatError {
	return system
		? new FormatError(`is not supported by this system's ${system.file}`, INSTALL)
		: new FormatError("needs libcrypt, which this system does not have", INSTALL);
}

function unhashable(plain: string): FormatError | undefined {
	if (plain.includes("\0")) {
		return new FormatError(
			"can't hash a password with a NUL character, since crypt(3) stops reading there",
			"Choose a password without it",
		);
	}
	const bytes = Buffer.byteLength(plain);
	if (bytes > MAX_PHRASE_BYTES) {
		return new FormatError(
			`takes at most ${MAX_PHRASE_BYTES} bytes of password, and this one has ${bytes}`,
			"crypt(3) answers longer ones with an unusable hash: choose a shorter password",
		);
	}
	return undefined;
}
