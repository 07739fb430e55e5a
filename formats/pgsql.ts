import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import * as v from "valibot";
import { equalInConstantTime } from "./compare.js";
import { type Format, FormatError } from "./format.js";
import { saslprep } from "./saslprep.js";
import { oneOf, text } from "./schema.js";

const options = v.strictObject({
	encode: v.optional(oneOf(["sha256", "md5"]), "sha256"),
	username: v.optional(text()),
});

const ITERATIONS = 4096;
const SALT_BYTES = 16;
const MAX_ITERATIONS = 2 ** 31 - 1;
const SCRAM_SHAPE =
	/^SCRAM-SHA-256\$(?<iterations>[1-9][0-9]{0,9}):(?<salt>[A-Za-z0-9+/]+={0,2})\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/;

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
		const { iterations, salt } = SCRAM_SHAPE.exec(value)?.groups ?? {};
		if (iterations === undefined || salt === undefined) {
			return username !== undefined && equalInConstantTime(md5(plain, username), value);
		}
		if (Number(iterations) > MAX_ITERATIONS) return false;
		return equalInConstantTime(await scram(plain, Buffer.from(salt, "base64"), Number(iterations)), value);
	},
};

function md5(plain: string, username: string): string {
	return `md5${createHash("md5").update(plain).update(username).digest("hex")}`;
}

async function scram(plain: string, salt: Buffer, iterations: number): Promise<string> {
	const salted = await promisify(pbkdf2)(saslprep(plain), salt, iterations, 32, "sha256");
	const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
	const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
	return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${hmac("Server Key").toString("base64")}`;
}
