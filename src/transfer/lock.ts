import { ReadableStream } from "node:stream/web";
import type { Decrypter, Encrypter } from "age-encryption";
import { TroclaError } from "../errors.js";
import { armor, isArmored, unarmor } from "./armor.js";

/** Who can open an export: each of some age recipients (`age1...`), or whoever knows a passphrase. */
export type Lock = { readonly recipients: readonly string[] } | { readonly passphrase: string };

/** What opens one: age identities (`AGE-SECRET-KEY-1...`), or the passphrase. */
export type Key = { readonly identities: readonly string[] } | { readonly passphrase: string };

const MAGIC = "age-encryption.org/v1\n";

/**
 * What encrypts bytes into an age file (https://age-encryption.org/v1), piece by piece. What is wrong with the lock
 * shows before any of them is read.
 *
 * @throws {TroclaError} `invalid` where it is no recipient, or the passphrase is empty
 */
export async function encryption(
	lock: Lock,
	{ asText }: { asText: boolean },
): Promise<(bytes: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>> {
	const { Encrypter } = await import("age-encryption");
	const encrypter = new Encrypter();
	if ("passphrase" in lock) encrypter.setPassphrase(checkPassphrase(lock.passphrase));
	else addRecipients(encrypter, lock.recipients);
	return async function* encrypt(bytes) {
		const encrypted = await encrypter.encrypt(ReadableStream.from(bytes)).catch(() => {
			throw new TroclaError("invalid", "one of the recipients is no public key", "Copy them again, whole");
		});
		yield* asText ? armor(encrypted) : encrypted;
	};
}

function checkPassphrase(passphrase: string): string {
	if (passphrase !== "") return passphrase;
	throw new TroclaError("invalid", "the passphrase is empty", "Anyone could open such an export");
}

function addRecipients(encrypter: Encrypter, recipients: readonly string[]): void {
	if (recipients.length === 0) {
		throw new TroclaError("invalid", "there is no recipient", "age-keygen -o FILE makes one, and prints it");
	}
	for (const recipient of recipients) {
		try {
			encrypter.addRecipient(recipient);
		} catch {
			throw noRecipient(recipient);
		}
	}
}

function noRecipient(recipient: string): TroclaError {
	if (/^AGE-(SECRET|PLUGIN)/i.test(recipient)) {
		return new TroclaError(
			"invalid",
			"an age identity was given where its recipient belongs",
			"An identity is secret and opens the export; age-keygen -y FILE prints its recipient",
		);
	}
	const quoted = JSON.stringify(recipient);
	if (/^(ssh-|ecdsa-|sk-)/.test(recipient)) {
		const hint = "trocla takes age's own (age1...): age-keygen -o FILE makes one, and prints it";
		return new TroclaError("invalid", `${quoted} is an SSH key, which can't be a recipient here`, hint);
	}
	return new TroclaError(
		"invalid",
		`${quoted} is not an age recipient that trocla knows`,
		"It takes age1..., age1pq1..., age1tag1... and age1tagpq1..., whole; other plug-ins' it does not",
	);
}

/**
 * Decrypts an age file, armored or not, piece by piece: each is authentic when it comes, and an error tells at the
 * end where the file was cut.
 *
 * @param name - the file's, for errors
 * @throws {TroclaError} `invalid` where it is no identity; `export` where it can't be opened, is cut or altered
 */
export async function* decrypt(bytes: AsyncIterable<Uint8Array>, key: Key, name: string): AsyncGenerator<Uint8Array> {
	const { Decrypter } = await import("age-encryption");
	const decrypter = new Decrypter();
	if ("passphrase" in key) decrypter.addPassphrase(checkPassphrase(key.passphrase));
	else addIdentities(decrypter, key.identities);
	try {
		yield* await decrypter.decrypt(ReadableStream.from(withoutArmor(bytes, name)));
	} catch (error) {
		throw explain(error, key, name);
	}
}

function addIdentities(decrypter: Decrypter, identities: readonly string[]): void {
	for (const identity of identities) {
		try {
			decrypter.addIdentity(identity);
		} catch {
			throw new TroclaError(
				"invalid",
				"this is not an age identity that trocla knows",
				"It takes AGE-SECRET-KEY-1... and AGE-SECRET-KEY-PQ-1..., whole; not SSH keys and age's plug-ins",
			);
		}
	}
}

/** Whether a passphrase opens an age file; else it takes an identity. */
export async function takesPassphrase(bytes: AsyncIterable<Uint8Array>, name: string): Promise<boolean> {
	let start = "";
	for await (const chunk of withoutArmor(bytes, name)) {
		start += Buffer.from(chunk).toString("latin1");
		if (start.length > 1024) break;
	}
	return start.startsWith(`${MAGIC}-> scrypt `);
}

async function* withoutArmor(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
	const iterator = bytes[Symbol.asyncIterator]();
	let start = Buffer.alloc(0);
	while (start.length < 1024) {
		const { done, value } = await iterator.next();
		if (done) break;
		start = Buffer.concat([start, value]);
	}
	const whole = concatenated(start, iterator);
	if (isArmored(start)) return yield* unarmor(whole, name);
	if (start.subarray(0, MAGIC.length).toString("latin1") !== MAGIC) {
		await iterator.return?.();
		throw new TroclaError("export", `${name} is not an export: age did not encrypt it`, "Name a file of trocla export");
	}
	yield* whole;
}

async function* concatenated(start: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
	try {
		yield start;
		for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
	} finally {
		await rest.return?.();
	}
}

function explain(error: unknown, key: Key, name: string): unknown {
	if (error instanceof TroclaError || !(error instanceof Error)) return error;
	if ("syscall" in error) return new TroclaError("export", `${name} can't be read: ${error.message}`);
	if (error.message.startsWith("no identity matched")) {
		return "passphrase" in key
			? new TroclaError(
					"export",
					`the passphrase does not open ${name}`,
					"Type it again; an export to recipients takes --identity FILE",
				)
			: new TroclaError(
					"export",
					`no identity that was given opens ${name}`,
					"Name with --identity the file of one that it was made for; one with a passphrase takes no identity",
				);
	}
	return new TroclaError(
		"export",
		`${name} is cut or altered: ${error.message}`,
		"Take another copy of this export, or an older one",
	);
}
