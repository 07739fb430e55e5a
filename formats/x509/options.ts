import * as v from "valibot";
import { FormatError } from "../format.js";
import { oneOf, text, wholeNumber } from "../schema.js";
import { parseAltName, parseConstraint } from "./names.js";
import { parseSubject, subjectPart } from "./subject.js";
import { keyUsageNames, purposeNames, purposeOid } from "./usages.js";

/** RFC 5280, section 4.1.2.2: positive, and 20 octets at most. */
const MAX_SERIAL = 2n ** 159n;

/**
 * What a certificate is asked to be. What is left out is decided where the certificate is made: a new one takes the
 * usual, one that takes the place of another what that one had.
 */
export const options = v.strictObject({
	subject: v.optional(readableBy(parseSubject)),
	CN: v.optional(part("CN")),
	C: v.optional(part("C")),
	ST: v.optional(part("ST")),
	L: v.optional(part("L")),
	O: v.optional(part("O")),
	OU: v.optional(part("OU")),
	emailAddress: v.optional(part("emailAddress")),
	ca: v.optional(text()),
	become_ca: v.optional(v.boolean("must be true or false")),
	path_length: v.optional(wholeNumber(0, 100)),
	key_type: v.optional(oneOf(["rsa", "p256", "p384", "ed25519"])),
	keysize: v.optional(wholeNumber(2048, 8192)),
	hash: v.optional(hash()),
	serial: v.optional(serial()),
	days: v.optional(wholeNumber(1, 36_500), 365),
	key_usages: v.optional(listOf(oneOf(keyUsageNames))),
	extended_key_usages: v.optional(listOf(purpose())),
	altnames: v.optional(listOf(readableBy(parseAltName))),
	name_constraints: v.optional(listOf(readableBy(parseConstraint))),
});

export type X509Options = v.InferOutput<typeof options>;

/** An option that is a text that a parser takes, or says why not. */
function readableBy(parse: (text: string) => unknown) {
	return v.pipe(
		text(),
		v.rawCheck(({ dataset, addIssue }) => {
			if (!dataset.typed) return;
			try {
				parse(dataset.value);
			} catch (error) {
				if (!(error instanceof FormatError)) throw error;
				addIssue({ message: error.message });
			}
		}),
	);
}

function part(type: string) {
	return readableBy((value) => subjectPart(type, value));
}

function listOf<Item extends v.GenericSchema>(item: Item) {
	return v.array(item, "must be a list");
}

function purpose() {
	const rule = `must be one of ${purposeNames.join(", ")}, or an OID`;
	return v.pipe(
		v.string(rule),
		v.check((value) => purposeOid(value) !== undefined, rule),
	);
}

function hash() {
	const hashes = ["sha256", "sha2", "sha224", "sha384", "sha512"] as const;
	return v.picklist(hashes, ({ input }) => {
		const rule = `must be one of ${hashes.join(", ")}`;
		return input === "sha1" || input === "md5" ? `${rule}: what is signed with ${input} can be forged` : rule;
	});
}

function serial() {
	const rule = "must be a whole number from 1 to 2^159 - 1, as a text, in decimal or behind 0x, from 16 digits on";
	return v.pipe(
		v.union([v.number(), v.string()], rule),
		v.check((value) => {
			if (typeof value === "number" ? !Number.isSafeInteger(value) : !/^(0x[0-9a-f]+|[0-9]+)$/i.test(value))
				return false;
			return BigInt(value) > 0n && BigInt(value) < MAX_SERIAL;
		}, rule),
	);
}
