import { createHmac, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from "node:crypto";
import type { PrivateKey } from "openpgp";
import { FormatError } from "../../formats/format.js";
import { checkPrivateKey, privateBlock, readPrivateKey } from "../../formats/openpgp/read.js";
import { TroclaError } from "../errors.js";
import { detachedSignature, type Signer } from "./detached-signature.js";

// RFC 8410: what stands before the 32 bytes of an Ed25519 key in PKCS #8.
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** An OpenPGP key that signs what hosts are given: Ed25519, and its primary key is what signs. */
export class SigningKey {
	/** 40 upper-case hexadecimal digits, as GnuPG prints it. */
	readonly fingerprint: string;
	/** The public key in binary: the file of `gpgv --keyring FILE`. */
	readonly publicKey: Buffer;
	readonly publicArmored: string;
	readonly #signer: Signer;
	readonly #macKey: Buffer;
	readonly #created: Date;
	readonly #end: Date | undefined;

	private constructor(key: PrivateKey, secret: KeyObject, end: Date | undefined) {
		const publicKey = key.toPublic();
		this.fingerprint = key.getFingerprint().toUpperCase();
		this.publicKey = Buffer.from(publicKey.write());
		this.publicArmored = publicKey.armor();
		this.#signer = { key: secret, fingerprint: Buffer.from(this.fingerprint, "hex") };
		const seed = secret.export({ format: "der", type: "pkcs8" });
		this.#macKey = Buffer.from(hkdfSync("sha256", seed, "", "trocla publish: what the next run reads", 32));
		this.#created = key.getCreationTime();
		this.#end = end;
	}

	/**
	 * Reads a private key in ASCII armor, such as a value of the format openpgp.
	 *
	 * @throws {TroclaError} `config` for one that is damaged, revoked, expired, or can't sign so
	 */
	static async read(armored: string, now = new Date()): Promise<SigningKey> {
		try {
			const key = await readPrivateKey(privateBlock(armored));
			await checkPrivateKey(key, now);
			const secret = await signingSecret(key, now);
			const end = await key.getExpirationTime();
			return new SigningKey(key, secret, end instanceof Date ? end : undefined);
		} catch (error) {
			if (!(error instanceof FormatError)) throw error;
			throw unusable(`openpgp ${error.message}`, error.hint);
		}
	}

	/** What shows that a text was written by who has this key: an HMAC-SHA-256 with a key of its own, in hex. */
	authenticate(text: string): string {
		return createHmac("sha256", this.#macKey).update(text).digest("hex");
	}

	/**
	 * A detached signature of these bytes, in binary, that says it was made at this time; its milliseconds are dropped,
	 * so a key signs from the very second on in which it was made.
	 *
	 * @throws {TroclaError} `config` for a time before the key was made, as of a clock that is behind, or after its end:
	 * gpgv would refuse that signature
	 */
	sign(content: Uint8Array, at: Date): Buffer {
		const seconds = Math.floor(at.getTime() / 1000);
		if (seconds * 1000 < this.#created.getTime()) {
			const times = `${at.toISOString()}, before it was made at ${this.#created.toISOString()}`;
			throw unusable(`it can't sign at ${times}`, "Set this machine's clock: no program takes such a signature");
		}
		if (this.#end !== undefined && at >= this.#end) throw unusable(`it expired at ${this.#end.toISOString()}`);
		return detachedSignature(content, seconds, this.#signer);
	}
}

/** The key's secret, as Node signs with it. */
async function signingSecret(key: PrivateKey, now: Date): Promise<KeyObject> {
	const { algorithm, curve } = key.getAlgorithmInfo();
	if (algorithm !== "eddsaLegacy" || curve !== "ed25519Legacy") {
		throw unusable(
			`it is of the type ${curve ?? algorithm}, and only Ed25519 in the form that GnuPG 2.2 knows will do`,
		);
	}
	await key.getSigningKey(key.getKeyID(), now).catch(() => {
		throw unusable("its primary key may not sign");
	});
	const seed = partOf(key.keyPacket, "privateParams", "seed");
	const secret = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
	const publicKey = createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-seed.length);
	// RFC 9580, section 11.2.2: 0x40 says that the bytes of the point are as RFC 8032 has them.
	if (!publicKey.equals(partOf(key.keyPacket, "publicParams", "Q").subarray(1))) throw unusable("it is damaged");
	return secret;
}

/** The bytes of a key's parameter: OpenPGP.js has them, but leaves them out of its types. */
function partOf(packet: PrivateKey["keyPacket"], params: "privateParams" | "publicParams", name: string): Uint8Array {
	const part: unknown = Reflect.get(Object(Reflect.get(packet, params)), name);
	if (part instanceof Uint8Array) return part;
	throw unusable(`OpenPGP.js gives no ${name} of it`);
}

function unusable(
	why: string,
	hint = "Use an Ed25519 key for signing: `trocla publish --init` makes one",
): TroclaError {
	return new TroclaError("config", `the signing key can't be used: ${why}`, hint);
}
