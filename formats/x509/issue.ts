import type { KeyObject } from "node:crypto";
import { FormatError, type Keys } from "../format.js";
import { type Content, contentFor, readContent } from "./content.js";
import { contentUnder, type Issuer, readIssuer } from "./issuer.js";
import { newKey, type PrivateKey } from "./keys.js";
import type { X509Options } from "./options.js";
import { type Signer, signedCertificate } from "./sign.js";
import { isSelfSigned, readValue, validityOf } from "./value.js";

const DAY_MS = 86_400_000;

/** How long before it was made a certificate is valid, for hosts whose clocks are behind. */
const SKEW_MS = 3_600_000;

/**
 * A new private key and its certificate, signed by the CA that the options name, else by itself.
 *
 * @throws {FormatError}
 */
export async function issue(options: X509Options, keys: Keys): Promise<string> {
	const issuer = options.ca === undefined ? undefined : await readIssuer(options.ca, keys);
	const content = underIssuer(issuer, contentFor(options, keys.own, keyTypeOf(options)));
	const pair = await newKey(options);
	return await newValue(pair, content, options, { issuer, now: keys.now() });
}

/**
 * A value that takes the place of an old one: what the options leave out is as it was there. A CA keeps its private
 * key, so that what it signed goes on being valid. Where it would not last longer, since its CA does not, it is the
 * old value itself.
 *
 * @throws {FormatError} where the CA that signed the old one is not known
 */
export async function reissue(value: string, options: X509Options, keys: Keys): Promise<string> {
	const old = readValue(value);
	if (options.ca === undefined && !isSelfSigned(old.leaf)) {
		throw new FormatError(
			"can't be renewed: the CA that signed it is not known",
			"Name it with the option ca where the store has it; else have that CA renew it, and store what comes with trocla set",
		);
	}
	const issuer = options.ca === undefined ? undefined : await readIssuer(options.ca, keys);
	if (issuer && issuer.end <= validityOf(old.leaf).end) return value;
	const { content: before, keyId } = readContent(old.leaf);
	const type = keyTypeOf(options, old.key);
	const content = underIssuer(issuer, contentFor(options, keys.own, type, before));
	const keepsKey = before.isCa && content.isCa;
	const pair = keepsKey ? old : await newKey(options, old.key);
	// A second certificate of the same issuer and serial is refused by those who know the first.
	const { serial: _, ...asked } = options;
	return await newValue(pair, content, asked, {
		issuer,
		now: keys.now(),
		keyId: keepsKey ? keyId : undefined,
	});
}

interface Circumstances {
	readonly issuer: Issuer | undefined;
	readonly now: Date;
	readonly keyId?: ArrayBuffer | undefined;
}

async function newValue(
	{ key, keyText }: PrivateKey,
	content: Content,
	{ days, hash, serial }: X509Options,
	{ issuer, now, keyId }: Circumstances,
): Promise<string> {
	const start = now.getTime() - SKEW_MS;
	const end = now.getTime() + days * DAY_MS;
	const draft = {
		content,
		key,
		keyId,
		start: new Date(Math.max(start, issuer?.start.getTime() ?? start)),
		end: new Date(Math.min(end, issuer?.end.getTime() ?? end)),
		serial,
	};
	const signer: Signer = issuer ? { ...issuer, hash } : { name: content.subject, key, keyId, hash };
	const certificate = await signedCertificate(draft, signer);
	return [keyText, certificate, ...(issuer?.chain ?? []).map(String)].join("");
}

function underIssuer(issuer: Issuer | undefined, content: Content): Content {
	return issuer ? contentUnder(issuer, content) : content;
}

/** The type that a new key will have, as node:crypto names it. */
function keyTypeOf({ key_type }: X509Options, old?: KeyObject): string | undefined {
	if (key_type === undefined) return old?.asymmetricKeyType ?? "rsa";
	return key_type === "rsa" || key_type === "ed25519" ? key_type : "ec";
}
