import type { LibraryHandle } from "koffi";

/** The system's crypt(3), called on a worker thread. */
export interface Libcrypt {
	/** The file that was loaded, as the dynamic linker knows it: `libcrypt.so.1`. */
	readonly file: string;

	/**
	 * A new setting with a random salt, for `prefix` (`$6$`, see crypt(5)) and its cost; 0 is the method's default.
	 * `undefined` where this libcrypt does not have the method, or not at this cost.
	 */
	gensalt(prefix: string, cost: number): string | undefined;

	/** The hash of a phrase (no NUL, under 512 bytes), or `undefined` where the setting is not one that it knows. */
	crypt(phrase: string, setting: string): Promise<string | undefined>;
}

// libxcrypt's <crypt.h>: CRYPT_GENSALT_OUTPUT_SIZE, and sizeof (struct crypt_data), which every version keeps.
const GENSALT_OUTPUT_SIZE = 192;
const CRYPT_DATA_SIZE = 32768;

let loaded: Promise<Libcrypt | undefined> | undefined;

/** The system's libxcrypt; `undefined` where there is none (musl, macOS) or only glibc's old libcrypt. */
export function libcrypt(): Promise<Libcrypt | undefined> {
	loaded ??= load();
	return loaded;
}

async function load(): Promise<Libcrypt | undefined> {
	for (const file of ["libcrypt.so.1", "libcrypt.so.2"]) {
		try {
			const koffi = (await import("koffi")).default;
			const library = koffi.load(file);
			const gensalt = library.func(
				"char *crypt_gensalt_rn(const char *prefix, unsigned long count, const char *rbytes, int nrbytes, _Out_ char *output, int size)",
			);
			const crypt = library.func("char *crypt_rn(const char *phrase, const char *setting, void *data, int size)");
			const spare: Buffer[] = [];
			return {
				file,
				gensalt: (prefix, cost) =>
					gensalt(prefix, cost, null, 0, Buffer.alloc(GENSALT_OUTPUT_SIZE), GENSALT_OUTPUT_SIZE) ?? undefined,
				crypt: (phrase, setting) => callCrypt(crypt, spare, phrase, setting),
			};
		} catch {
			// No koffi for this platform, no such library, or one without the re-entrant calls: try the next.
		}
	}
	return undefined;
}

/** @param spare - working memory that no call uses; as garbage it took a sixth of the main thread's time in a batch */
async function callCrypt(
	crypt: ReturnType<LibraryHandle["func"]>,
	spare: Buffer[],
	phrase: string,
	setting: string,
): Promise<string | undefined> {
	const data = spare.pop() ?? Buffer.alloc(CRYPT_DATA_SIZE);
	try {
		return await new Promise((resolve, reject) => {
			crypt.async(phrase, setting, data, data.length, (error: unknown, hash: string | null) => {
				if (error) reject(error);
				else resolve(hash === null || hash.startsWith("*") ? undefined : hash);
			});
		});
	} finally {
		data.fill(0);
		spare.push(data);
	}
}
