import { TroclaError } from "./errors.js";
import { shellWord } from "./input.js";
import type { KeyRecord } from "./record.js";

/** A key as it stands in a message. */
export const quote = (key: string) => JSON.stringify(key);

export function notFound(key: string, format: string | undefined): TroclaError {
	if (format === undefined) return new TroclaError("not_found", `${quote(key)} is not stored`);
	return new TroclaError(
		"not_found",
		`${quote(key)} has no ${format} stored`,
		`See what it has with: trocla show ${shellWord(key)}`,
	);
}

/** What a caller may not expect who sets a hash beside a plaintext. */
export function notOfThePlaintext(key: string, format: string): string {
	return `the ${format} of ${quote(key)} now is of another password than its stored plaintext`;
}

/** A new plaintext would silently part the hashes that are in use from the password that people know. */
export function noPlaintext(key: string, format: string, { formats, handedOut }: KeyRecord): TroclaError {
	const others = Object.keys(formats).join(", ");
	return new TroclaError(
		"no_plaintext",
		handedOut === undefined
			? `${quote(key)} has ${others}, but no plaintext was ever stored that ${format} could come from`
			: `the plaintext of ${quote(key)} was handed out on ${handedOut.slice(0, 10)}`,
		`trocla reset ${shellWord(key)} plain makes a new password, which changes its ${others}`,
	);
}

/** @throws {TroclaError} `claimed` where a process is handing the record out, or died doing it */
export function refuseClaimed(key: string, { claim }: KeyRecord): void {
	if (!claim) return;
	const who = `process ${claim.pid} on ${claim.host}`;
	// Loading node:os takes 0.2 ms, and hardly any record is claimed.
	const { hostname } = process.getBuiltinModule("node:os");
	const gone = claim.host === hostname() && !isRunning(claim.pid);
	throw new TroclaError(
		"claimed",
		gone
			? `${quote(key)} was being handed out on ${claim.at} by ${who}, which died: someone may have seen it`
			: `${quote(key)} is being handed out by ${who} since ${claim.at}`,
		`If nobody got it: trocla delete ${shellWord(key)} plain --force. Otherwise: trocla reset ${shellWord(key)} plain`,
	);
}

function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}
