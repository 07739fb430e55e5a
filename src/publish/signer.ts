import { TroclaError } from "../errors.js";
import { quote } from "../refusals.js";
import type { Trocla } from "../trocla.js";
import { SigningKey } from "./signing-key.js";

/** The format of the store that the signing key has. */
const FORMAT = "openpgp";

/**
 * The key that signs what is published, out of the store.
 *
 * @param name - the store's key that has it
 * @throws {TroclaError} `config` where it was not made yet, or is no key that can sign
 */
export async function readSigningKey(trocla: Pick<Trocla, "peek">, name: string): Promise<SigningKey> {
	const armored = await trocla.peek(name, FORMAT);
	if (armored !== undefined) return await SigningKey.read(armored);
	throw new TroclaError(
		"config",
		`there is no signing key: the store has no ${FORMAT} of ${quote(name)}`,
		"Make it with: trocla publish --init",
	);
}

/** The same, made where it is not there yet; it is never made anew. */
export async function makeSigningKey(trocla: Pick<Trocla, "get">, name: string): Promise<SigningKey> {
	return await SigningKey.read(await trocla.get(name, FORMAT));
}
