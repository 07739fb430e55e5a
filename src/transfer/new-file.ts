import { randomUUID } from "node:crypto";
import { lstatSync } from "node:fs";
import { type FileHandle, link, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { TroclaError } from "../errors.js";

/**
 * A file that appears under its name when it is whole, and not before: until `finish` it is `<path>.new-<uuid>`, mode
 * 0600, and goes when it is disposed of.
 */
export class NewFile implements AsyncDisposable {
	readonly #handle: FileHandle;
	readonly #temporary: string;
	#isOpen = true;
	#isThere = true;

	private constructor(handle: FileHandle, temporary: string) {
		this.#handle = handle;
		this.#temporary = temporary;
	}

	/**
	 * @param replace - whether a file that is there may be replaced
	 * @throws {TroclaError} `export` where something is there that must stay
	 */
	static check(path: string, { replace }: { replace: boolean }): void {
		const there = find(path);
		if (there && !there.isFile() && !there.isSymbolicLink()) {
			throw new TroclaError("export", `${path} is not a file`, "Name a file, or none to write to standard output");
		}
		if (there && !replace) throw alreadyThere(path);
	}

	/**
	 * Begins one, where `check` finds nothing.
	 *
	 * @throws {TroclaError} `export` where it can't be made, or something is there that must stay
	 */
	static async create(path: string, settings: { replace: boolean }): Promise<NewFile> {
		NewFile.check(path, settings);
		const temporary = `${path}.new-${randomUUID()}`;
		try {
			return new NewFile(await open(temporary, "wx", 0o600), temporary);
		} catch (error) {
			throw unwritable(path, error);
		}
	}

	/** @throws {TroclaError} `export` */
	async write(bytes: Uint8Array): Promise<void> {
		await this.#handle.writeFile(bytes).catch((error) => {
			throw unwritable(this.#temporary, error);
		});
	}

	/**
	 * Puts it on the disk and under its name.
	 *
	 * @throws {TroclaError} `export`; then it is not there under this name
	 */
	async finish(path: string, { replace }: { replace: boolean }): Promise<void> {
		try {
			await this.#handle.sync();
			await this.#close();
			if (replace || !(await this.#link(path))) {
				await rename(this.#temporary, path);
				this.#isThere = false;
			}
			await this[Symbol.asyncDispose]();
			await syncDirectory(dirname(path));
		} catch (error) {
			throw (error as NodeJS.ErrnoException).code === "EEXIST" ? alreadyThere(path) : unwritable(path, error);
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#close();
		if (!this.#isThere) return;
		this.#isThere = false;
		await unlink(this.#temporary).catch(() => {});
	}

	/** Gives it the name where nothing has it by now, in one step; false on a file system that has no links. */
	async #link(path: string): Promise<boolean> {
		try {
			await link(this.#temporary, path);
			return true;
		} catch (error) {
			const { code = "" } = error as NodeJS.ErrnoException;
			if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(code) || find(path)) throw error;
			return false;
		}
	}

	async #close(): Promise<void> {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		await this.#handle.close();
	}
}

function alreadyThere(path: string): TroclaError {
	return new TroclaError("export", `${path} is already there`, "Name another file, or replace it with --force");
}

function unwritable(path: string, error: unknown): TroclaError {
	const hint = "Nothing is there under its name: make room, or name another file";
	return new TroclaError("export", `${path} can't be written: ${(error as Error).message}`, hint, error);
}

/** What is at a path, a link itself; Node 20 throws for a path below a file, later ones do not. */
function find(path: string) {
	try {
		return lstatSync(path, { throwIfNoEntry: false });
	} catch {
		return undefined;
	}
}

async function syncDirectory(path: string): Promise<void> {
	const directory = await open(path, "r");
	try {
		await directory.sync();
	} catch (error) {
		// Not every file system of a network can.
		if (!["EINVAL", "ENOTSUP"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
	} finally {
		await directory.close();
	}
}
