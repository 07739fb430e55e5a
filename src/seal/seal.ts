import { TroclaError } from "../errors.js";
import type { Seal } from "../records/store.js";
import { quote } from "../refusals.js";

/** What every sealed text begins with; a record's own text is JSON. */
export const SEALED = "trocla-sealed:";

/** The name of the key that sealed a text; `undefined` for a text that is not sealed, or not as this trocla does it. */
export function sealedWith(stored: string): string | undefined {
	return /^trocla-sealed:1:aes-256-gcm:([\w-]{1,32}):/.exec(stored)?.[1];
}

/**
 * Keeps records as they are.
 *
 * A sealed one is a TroclaError `config`, which names the key.
 */
export const plain: Seal = {
	close: (text) => text,
	open(stored, key) {
		if (!stored.startsWith(SEALED)) return stored;
		throw new TroclaError(
			"config",
			`the record of ${quote(key)} is sealed, and the configuration has no encryption`,
			"If the store was sealed just now, run it again. Else set encryption and encryption_options as they were, or name that configuration with -c",
		);
	},
};
