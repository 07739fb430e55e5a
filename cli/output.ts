import { fstatSync, fsyncSync, readFileSync, statSync, writeSync } from "node:fs";

const STDOUT = 1;
const STDERR = 2;
const CHUNK = 64 * 1024;

/** Standard output can't be written; `closed` where its reader has gone, as `head` does when it has enough. */
export class OutputError extends Error {
	override name = "OutputError";
	readonly closed: boolean;
	/** What to do about it, where something was done before it failed. */
	readonly hint: string | undefined;

	constructor(error: NodeJS.ErrnoException, hint?: string) {
		super(error.message);
		this.hint = hint;
		this.closed = error.code === "EPIPE";
	}
}

/**
 * Writes to standard output, whole, before it returns.
 *
 * @param hint - the error's, where it fails
 * @throws {OutputError}
 */
export function print(output: string | Uint8Array, hint?: string): void {
	try {
		writeAll(STDOUT, output);
	} catch (error) {
		throw new OutputError(error as NodeJS.ErrnoException, hint);
	}
}

/** Writes a message to standard error; nobody can be told where that fails. */
export function tell(text: string): void {
	tellRaw(`${text}\n`);
}

/** The same without a newline of its own. */
export function tellRaw(text: string): void {
	try {
		writeAll(STDERR, text);
	} catch {}
}

/**
 * Writes what must not get lost: beyond `print` it makes sure that there is somebody to write to, and that a file
 * has it on its disk.
 */
export function deliver(output: string | Uint8Array): void {
	if (isStdoutClosed()) throw new OutputError(new Error("standard output is closed"));
	print(output);
	try {
		fsyncSync(STDOUT);
	} catch (error) {
		// A terminal, a pipe or a socket can't be synced.
		if (!["EINVAL", "ENOTSUP", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
	}
}

/** Prints many lines with few writes. */
export class LinePrinter {
	#waiting = "";

	print(line: string): void {
		this.#waiting += `${line}\n`;
		if (this.#waiting.length >= CHUNK) this.flush();
	}

	flush(): void {
		const text = this.#waiting;
		this.#waiting = "";
		if (text) print(text);
	}
}

function writeAll(fd: number, output: string | Uint8Array): void {
	const bytes = typeof output === "string" ? Buffer.from(output) : output;
	for (let written = 0; written < bytes.length; ) {
		try {
			written += writeSync(fd, bytes, written);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
			// A pipe that some other program made non-blocking is full: wait for its reader.
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
		}
	}
}

/** Node opens `/dev/null` for reading and writing in place of a closed standard output; a shell's `>` for writing only. */
function isStdoutClosed(): boolean {
	try {
		if (fstatSync(STDOUT).rdev !== statSync("/dev/null").rdev) return false;
		const [, flags = "0"] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${STDOUT}`, "utf8")) ?? [];
		return (Number.parseInt(flags, 8) & 0o3) === 0o2;
	} catch {
		return false;
	}
}
