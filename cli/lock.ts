import { readFileSync, statSync } from "node:fs";
import { TroclaError } from "../src/errors.js";
import type { Key, Lock } from "../src/transfer/lock.js";
import type { Context } from "./context.js";
import type { FlagValues } from "./flags.js";
import { ask } from "./password.js";

/** Characters; a shorter one is soon guessed by whoever has the file. */
const SHORT_PASSPHRASE = 12;

/**
 * Who can open an export, by its flags.
 *
 * @throws {TroclaError} `invalid` where they name nobody, or both recipients and a passphrase
 */
export async function readLock(context: Context, flags: FlagValues): Promise<Lock> {
	const recipients = [...strings(flags.to), ...strings(flags.recipients).flatMap(readLines)];
	const byPassphrase = flags.passphrase === true || flags.passphraseFile !== undefined;
	if (byPassphrase && recipients.length > 0) {
		throw new TroclaError(
			"invalid",
			"an export is for recipients or for a passphrase, not for both",
			"Give one of them",
		);
	}
	if (!byPassphrase && recipients.length === 0) {
		throw new TroclaError(
			"invalid",
			"it is not said who can open the export",
			"Give --to age1... (age-keygen -o FILE makes one, and prints it), --recipients FILE, or --passphrase",
		);
	}
	if (!byPassphrase) return { recipients };
	const passphrase = await readPassphrase(context, flags, { repeat: true });
	if (passphrase.length < SHORT_PASSPHRASE) {
		context.warn("whoever has the file can guess so short a passphrase; take six random words, or 12 characters");
	}
	return { passphrase };
}

/**
 * What opens an export, by the flags of an import.
 *
 * @param takesPassphrase - whether a passphrase opens it
 * @throws {TroclaError} `invalid`
 */
export async function readKey(
	context: Context,
	flags: FlagValues,
	takesPassphrase: () => Promise<boolean>,
): Promise<Key> {
	const identities = strings(flags.identity).flatMap((file) => {
		warnOfReaders(context, file);
		return readLines(file);
	});
	if (identities.length > 0) return { identities };
	if (flags.passphraseFile === undefined && flags.passphrase !== true && !(await takesPassphrase())) {
		throw new TroclaError(
			"invalid",
			"it takes the identity of one of its recipients to open this export",
			"Give --identity FILE, the file that age-keygen made",
		);
	}
	return { passphrase: await readPassphrase(context, flags, { repeat: false }) };
}

async function readPassphrase(context: Context, flags: FlagValues, { repeat }: { repeat: boolean }): Promise<string> {
	const [file] = strings(flags.passphraseFile).slice(-1);
	if (file !== undefined) {
		warnOfReaders(context, file);
		return decode(read(file), file).replace(/\r?\n$/, "");
	}
	if (!process.stdin.isTTY) {
		throw new TroclaError("invalid", "there is no terminal to ask for the passphrase", "Give --passphrase-file FILE");
	}
	const [passphrase = "", again] = await ask(repeat ? ["Passphrase: ", "The same again: "] : ["Passphrase: "]);
	if (repeat && again !== passphrase) {
		throw new TroclaError("invalid", "the two passphrases differ", "Nothing was written: type it again");
	}
	return passphrase;
}

/** The lines of a file of recipients or identities, without comments and empty ones. */
function readLines(file: string): string[] {
	const lines = read(file)
		.toString()
		.split("\n")
		.map((line) => line.trim());
	if (lines.some((line) => /^-----BEGIN|^age-encryption\.org/.test(line))) {
		throw new TroclaError(
			"invalid",
			`${file} is not a plain file of age recipients or identities`,
			"One with a passphrase is opened first, with age -d; SSH keys are not supported",
		);
	}
	const found = lines.filter((line) => line !== "" && !line.startsWith("#"));
	if (found.length === 0) throw new TroclaError("invalid", `${file} has no recipient or identity`);
	return found;
}

function read(file: string): Buffer {
	try {
		return readFileSync(file === "-" ? 0 : file);
	} catch (error) {
		throw new TroclaError("invalid", `${file} can't be read: ${(error as Error).message}`, "Name another file");
	}
}

function decode(bytes: Buffer, file: string): string {
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch {
		throw new TroclaError("invalid", `the passphrase in ${file} is not UTF-8`, "Convert it, for example with iconv");
	}
}

function warnOfReaders(context: Context, file: string): void {
	const stats = file === "-" ? undefined : statSync(file, { throwIfNoEntry: false });
	if (stats?.isFile() && stats.mode & 0o077) context.warn(`${file} can be read by others; run: chmod 600 ${file}`);
}

/** The values of a flag, however often it was given. */
const strings = (value: unknown): string[] => [value ?? []].flat().filter((one) => typeof one === "string");
