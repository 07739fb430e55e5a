import { randomUUID } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TroclaError } from "../errors.js";

const PIECE = 256 * 1024;

/** A file that can be read several times over, whatever becomes of its name meanwhile. */
export class Source implements AsyncDisposable {
	/** What errors call it. */
	readonly name: string;
	readonly #handle: FileHandle;

	private constructor(name: string, handle: FileHandle) {
		this.name = name;
		this.#handle = handle;
	}

	/**
	 * A file; of a pipe, what comes out of it.
	 *
	 * @throws {TroclaError} `export` where it can't be read
	 */
	static async ofFile(path: string): Promise<Source> {
		try {
			const handle = await open(path, "r");
			if ((await handle.stat()).isFile()) return new Source(path, handle);
			return await Source.ofStream(handle.createReadStream(), path);
		} catch (error) {
			if (error instanceof TroclaError) throw error;
			throw unreadable(path, error);
		}
	}

	/**
	 * What comes out of a stream, kept in a file without a name until this is disposed of.
	 *
	 * @throws {TroclaError} `export` where it can't be read
	 */
	static async ofStream(stream: AsyncIterable<Uint8Array>, name: string): Promise<Source> {
		const path = join(tmpdir(), `trocla-${randomUUID()}`);
		let handle: FileHandle | undefined;
		try {
			handle = await open(path, "wx+", 0o600);
			await unlink(path);
			for await (const piece of stream) await handle.writeFile(piece);
			return new Source(name, handle);
		} catch (error) {
			await handle?.close();
			throw unreadable(name, error);
		}
	}

	/** All bytes, from the first on. */
	async *bytes(): AsyncGenerator<Uint8Array> {
		for (let position = 0; ; ) {
			const { bytesRead, buffer } = await this.#handle.read(Buffer.alloc(PIECE), 0, PIECE, position);
			if (bytesRead === 0) return;
			position += bytesRead;
			yield buffer.subarray(0, bytesRead);
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#handle.close();
	}
}

function unreadable(name: string, error: unknown): TroclaError {
	return new TroclaError("export", `${name} can't be read: ${(error as Error).message}`, "Name another file", error);
}
