import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sha256CryptDigest } from "../../formats/sha256crypt-portable.js";
import { using } from "../support/formats.js";

describe("mysql", () => {
	it("is the one of the MySQL manual's example of PASSWORD()", async () => {
		expect(await using("mysql").derive("mypass")).toBe("*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4");
	});

	it("is the one of the MariaDB manual's example of ed25519_password()", async () => {
		expect(await using("mysql", { plugin: "ed25519" }).derive("secret")).toBe(
			"ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY",
		);
	});

	it("with caching_sha2_password verifies hashcat's published example of mode 7401", async () => {
		// https://hashcat.net/wiki/doku.php?id=example_hashes: salt and digest in hex, the password is "hashcat".
		const salt = Buffer.from("F9CC98CE08892924F50A213B6BC571A2C11778C5", "hex");
		const digest = Buffer.from(
			"625479393559393965414D45316477456B484F41316E64484742577A2E3162785353526B7554584647562F37",
			"hex",
		);
		expect(await sha256CryptDigest(Buffer.from("hashcat"), salt, 5000)).toBe(digest.toString().slice(0, 43));
	});

	it("with caching_sha2_password draws a new salt of 20 characters each time", async () => {
		const value = await using("mysql", { plugin: "caching_sha2_password" }).derive("pässword");
		expect(value).toMatch(/^\$A\$005\$[./0-9A-Za-z]{20}[./0-9A-Za-z]{43}$/);
		expect(value).not.toBe(await using("mysql", { plugin: "caching_sha2_password" }).derive("pässword"));
	});

	it("with ed25519 has the public key that RFC 8032 gives to a secret of 32 bytes", async () => {
		for (let index = 0; index < 20; index++) {
			const password = createHash("md5").update(String(index)).digest("hex");
			// RFC 8410: a PKCS #8 key is these 16 bytes and the secret, an SPKI key 12 bytes and the public key.
			const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(password)]);
			const publicKey = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
			const expected = publicKey.export({ format: "der", type: "spki" }).subarray(12).toString("base64");
			expect(`${await using("mysql", { plugin: "ed25519" }).derive(password)}=`).toBe(expected);
		}
	});

	it("tells by a stored value which plug-in it is for", async () => {
		for (const plugin of ["mysql_native_password", "caching_sha2_password", "ed25519"]) {
			const value = await using("mysql", { plugin }).derive("pässword");
			expect(await using("mysql").verify("pässword", value)).toBe(true);
			expect(await using("mysql").verify("password", value)).toBe(false);
		}
	});
});
