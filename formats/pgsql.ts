import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import * as v from "valibot";
import { equalInConstantTime } from "./compare.js";
import { type Format, FormatError } from "./format.js";
import { oneOf, text } from "./schema.js";

const options = v.strictObject({
	encode: v.optional(oneOf(["sha256", "md5"]), "sha256"),
	username: v.optional(text()),
});

const ITERATIONS = 4096;
const SALT_BYTES = 16;
const MAX_ITERATIONS = 2 ** 31 - 1;

/**
 * What PostgreSQL keeps in `pg_authid.rolpassword` and takes in `CREATE ROLE ... PASSWORD`.
 *
 * `encode: sha256`: `SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>`, RFC 5803 with the keys of RFC 5802 and
 * RFC 7677. `encode: md5`: `md5` and the hex of MD5(password + username), which needs `username`.
 */
export const pgsql: Format<typeof options> = {
	options,

	async derive(plain, { encode, username }) {
		if (encode === "sha256") return await scram(plain, randomBytes(SALT_BYTES), ITERATIONS);
		if (username === undefined) {
			throw new FormatError(
				"needs the option username with encode: md5",
				"PostgreSQL's md5 hash is salted with the role's name: add --username ROLE, or username: ROLE to the options",
			);
		}
		return md5(plain, username);
	},

	async verify(plain, value, { username }) {
		const verifier = /^SCRAM-SHA-256\$(\d{1,10}):([A-Za-z0-9+/=]+)\$/.exec(value);
		if (verifier) {
			const iterations = Number(verifier[1]);
			if (iterations < 1 || iterations > MAX_ITERATIONS) return false;
			return equalInConstantTime(await scram(plain, Buffer.from(verifier[2] ?? "", "base64"), iterations), value);
		}
		return username !== undefined && equalInConstantTime(md5(plain, username), value);
	},
};

function md5(plain: string, username: string): string {
	return `md5${createHash("md5").update(plain).update(username).digest("hex")}`;
}

async function scram(plain: string, salt: Buffer, iterations: number): Promise<string> {
	const salted = await promisify(pbkdf2)(await prepare(plain), salt, iterations, 32, "sha256");
	const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
	const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
	return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${hmac("Server Key").toString("base64")}`;
}

/**
 * SASLprep (RFC 4013), as PostgreSQL's client does it before it proves the password: a password that SASLprep
 * prohibits, or leaves nothing of, is taken as it is (PostgreSQL manual, "SCRAM-SHA-256 Authentication").
 */
async function prepare(plain: string): Promise<string> {
	if (/^[ -~]*$/.test(plain)) return plain;
	const { saslprep } = await import("@mongodb-js/saslprep");
	try {
		return saslprep(plain) || plain;
	} catch {
		return plain;
	}
}
