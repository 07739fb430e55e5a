import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../formats/format.js";
import { using } from "../support/formats.js";

const { derive, verify } = using("pgsql");

/** RFC 7677, section 3: the exchange of the user "user" with the password "pencil". */
const exchange = {
	salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
	authMessage: [
		"n=user,r=rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
	].join(","),
	clientProof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	serverSignature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest();

/** RFC 5802, section 3, and RFC 5803: what a server stores, and what it does with it. */
function verifier(password: string, salt: string): string {
	const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), 4096, 32, "sha256");
	const storedKey = sha256(hmac(salted, "Client Key")).toString("base64");
	return `SCRAM-SHA-256$4096:${salt}$${storedKey}:${hmac(salted, "Server Key").toString("base64")}`;
}

describe("pgsql", () => {
	it("is the verifier with which RFC 7677's server accepts the client's proof", async () => {
		const value = verifier("pencil", exchange.salt);
		const [storedKey = Buffer.alloc(0), serverKey = Buffer.alloc(0)] = (value.split("$")[2] ?? "")
			.split(":")
			.map((key) => Buffer.from(key, "base64"));
		const signature = hmac(storedKey, exchange.authMessage);
		const proof = Buffer.from(exchange.clientProof, "base64");
		const clientKey = Buffer.from(proof.map((byte, index) => byte ^ (signature[index] ?? 0)));
		expect(sha256(clientKey)).toEqual(storedKey);
		expect(hmac(serverKey, exchange.authMessage).toString("base64")).toBe(exchange.serverSignature);

		expect(await verify("pencil", value)).toBe(true);
		expect(await verify("pencils", value)).toBe(false);
	});

	it("is made of 4096 iterations and 16 bytes of salt, as PostgreSQL's own", async () => {
		const value = await derive("pencil");
		const [, salt = ""] = /^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(value) ?? [];
		expect(Buffer.from(salt, "base64")).toHaveLength(16);
		expect(value).toBe(verifier("pencil", salt));
	});

	it("draws a new salt each time", async () => {
		const values = await Promise.all(Array.from({ length: 20 }, () => derive("pencil")));
		expect(new Set(values).size).toBe(20);
	});

	it("is, with encode: md5, the hash of password and role", async () => {
		const md5 = using("pgsql", { encode: "md5", username: "alice" });
		expect(await md5.derive("sécret")).toBe(`md5${createHash("md5").update("sécretalice").digest("hex")}`);
	});

	it("says that encode: md5 needs a username", async () => {
		const error = await using("pgsql", { encode: "md5" })
			.derive("secret")
			.catch((error: unknown) => error);
		expect(error).toBeInstanceOf(FormatError);
		expect(error).toMatchObject({ message: "needs the option username with encode: md5" });
	});

	it("does not verify a hash of md5 without the role's name", async () => {
		const value = await using("pgsql", { encode: "md5", username: "alice" }).derive("secret");
		expect(await verify("secret", value)).toBe(false);
	});

	it("is false at once for a value that asks for more iterations than PostgreSQL has", async () => {
		const value = (await derive("secret")).replace("4096", "4294967295");
		expect(await verify("secret", value)).toBe(false);
	});
});
