import type { Key, PrivateKey, SecretKeyPacket, SecretSubkeyPacket, Subkey } from "openpgp";
import { FormatError } from "../format.js";

const BEGIN = /^-----BEGIN PGP (PUBLIC|PRIVATE) KEY BLOCK-----[\t ]*$/gm;
const PRIVATE_END = "\n-----END PGP PRIVATE KEY BLOCK-----";
const EXPORT = "Give what `gpg --armor --export-secret-keys FINGERPRINT` prints, with its BEGIN and END lines";

/**
 * The one block of a private key in a text, from its BEGIN line to its END line.
 *
 * @throws {FormatError}
 */
export function privateBlock(text: string): string {
	const unix = text.replaceAll("\r\n", "\n");
	const begins = [...unix.matchAll(BEGIN)];
	const [begin, another] = begins.filter(([, kind]) => kind === "PRIVATE");
	if (another) throw severalKeys();
	if (!begin && begins.length > 0) throw new FormatError("takes a private key, and this is a public one", EXPORT);
	const end = begin ? unix.indexOf(PRIVATE_END, begin.index) : -1;
	if (!begin || end < 0) throw new FormatError("takes a private key in ASCII armor, and finds none", EXPORT);
	return unix.slice(begin.index, end + PRIVATE_END.length);
}

/**
 * The key in a block, whatever state it is in.
 *
 * @throws {FormatError} where it can't be read, or is not one
 */
export async function readPrivateKey(block: string): Promise<PrivateKey> {
	const { readPrivateKeys } = await import("openpgp");
	const [key, another] = await readPrivateKeys({ armoredKeys: block }).catch(() => {
		throw new FormatError(
			"can't read the private key: it is damaged, or of a kind that OpenPGP.js does not know",
			"Check the file: `gpg --show-keys FILE` tells what is in it",
		);
	});
	// Unless it throws, it gives at least one.
	if (!key || another) throw severalKeys();
	return key;
}

/**
 * Checks that a program can use the key now without asking anyone.
 *
 * @throws {FormatError} for a key with a passphrase, without its secret, that is revoked, expired, or damaged
 */
export async function checkPrivateKey(key: PrivateKey, now: Date): Promise<void> {
	await checkSecrets(key);
	await checkValidity(key, now);
}

async function checkSecrets(key: PrivateKey): Promise<void> {
	if (!hasSecret(key.keyPacket)) {
		throw new FormatError(
			"can't use a key whose secret is not in it, but elsewhere: on a card, or left out on export",
			"Export it where the secret is: gpg --armor --export-secret-keys FINGERPRINT",
		);
	}
	// A subkey may be on a card while the key itself is not.
	for (const packet of [key, ...key.subkeys].map(({ keyPacket }) => keyPacket).filter(hasSecret)) {
		if (!packet.isDecrypted()) {
			throw new FormatError(
				"can't use a private key with a passphrase: nobody is there to type it",
				"Take it off a copy of the key with `gpg --edit-key FINGERPRINT passwd`; the store can be sealed instead",
			);
		}
		await packet.validate().catch(() => {
			throw new FormatError("can't use a private key that is damaged: it does not belong to its public key");
		});
	}
}

function hasSecret(packet: Key["keyPacket"] | Subkey["keyPacket"]): packet is SecretKeyPacket | SecretSubkeyPacket {
	return "isMissingSecretKeyMaterial" in packet && !packet.isMissingSecretKeyMaterial();
}

async function checkValidity(key: PrivateKey, now: Date): Promise<void> {
	const created = key.getCreationTime();
	if (created > now) {
		throw new FormatError(
			`can't use a key that is made only at ${created.toISOString()}, by this machine's clock`,
			"Set the clock: what such a key signs is refused",
		);
	}
	if (await key.isRevoked(undefined, undefined, now)) throw new FormatError("can't use a key that is revoked", ANOTHER);
	const end = await key.getExpirationTime();
	if (end instanceof Date && end <= now) {
		throw new FormatError(
			`can't use a key that expired at ${end.toISOString()}`,
			"Give it another end with `gpg --quick-set-expire FINGERPRINT 0`, or give another key",
		);
	}
	await key.verifyPrimaryKey(now).catch(() => {
		throw new FormatError("can't use a key whose user IDs its own signature does not confirm", ANOTHER);
	});
}

const ANOTHER = "Give another key, or have one made: trocla get KEY openpgp";

function severalKeys(): FormatError {
	return new FormatError("takes one private key, and this text has more", EXPORT);
}
