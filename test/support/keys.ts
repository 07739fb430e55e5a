import { generateKeyPairSync } from "node:crypto";
import { mpint, string } from "../../formats/sshkey/wire.js";

/** A public key as SSH writes it: its fields, of which the first is the type's name. */
export function blob(...fields: readonly (string | Buffer)[]): string {
	return Buffer.concat(fields.map(string)).toString("base64");
}

/** The bytes of an Ed25519 public key. */
export function ed25519Bytes(): Buffer {
	const { x = "" } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
	return Buffer.from(x, "base64url");
}

/** A public key of each type that sshd takes, with the size and the name that `ssh-keygen -l` has for it. */
export function everyType(): readonly { readonly type: string; readonly key: string; readonly shown: string }[] {
	const ecdsa = (curve: "256" | "384" | "521", kind = "ecdsa-sha2", end: readonly string[] = []) => {
		const type = kind === "ecdsa-sha2" ? `ecdsa-sha2-nistp${curve}` : kind;
		return { type, key: blob(type, `nistp${curve}`, ecdsaPoint(`P-${curve}`), ...end) };
	};
	return [
		{ type: "ssh-ed25519", key: blob("ssh-ed25519", ed25519Bytes()), shown: "256 ED25519" },
		{ ...ecdsa("256"), shown: "256 ECDSA" },
		{ ...ecdsa("384"), shown: "384 ECDSA" },
		{ ...ecdsa("521"), shown: "521 ECDSA" },
		{ type: "ssh-rsa", key: rsaBlob(2048), shown: "2048 RSA" },
		{ type: "ssh-rsa", key: rsaBlob(3072), shown: "3072 RSA" },
		{ type: SK_ED25519, key: blob(SK_ED25519, ed25519Bytes(), "ssh:"), shown: "256 ED25519-SK" },
		{ ...ecdsa("256", "sk-ecdsa-sha2-nistp256@openssh.com", ["ssh:x"]), shown: "256 ECDSA-SK" },
	];
}

export const SK_ED25519 = "sk-ssh-ed25519@openssh.com";

/** SEC 1's point, not compressed. */
export function ecdsaPoint(namedCurve: string): Buffer {
	const { x = "", y = "" } = generateKeyPairSync("ec", { namedCurve }).publicKey.export({ format: "jwk" });
	return Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
}

export function rsaBlob(modulusLength: number): string {
	const { n = "", e = "" } = generateKeyPairSync("rsa", { modulusLength }).publicKey.export({ format: "jwk" });
	return blob("ssh-rsa", mpint(Buffer.from(e, "base64url")), mpint(Buffer.from(n, "base64url")));
}
