declare module "bcrypt-pbkdf" {
	/** bcrypt_hash of OpenBSD's bcrypt_pbkdf(3): two SHA-512 digests in, 32 bytes out. */
	export function hash(passwordDigest: Uint8Array, saltDigest: Uint8Array, out: Uint8Array): void;
}
