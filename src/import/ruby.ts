import type { Reader } from "./foreign.js";
import type { RubyStore } from "./ruby-config.js";
import { readHeader, SQLITE_HEADER } from "./sqlite-source.js";

/** A store's file, and what is known of it from a configuration; a file whose adapter is not known shows it. */
export interface RubySource extends Partial<Omit<RubyStore, "adapter">> {
	readonly adapter?: RubyStore["adapter"] | undefined;
	readonly file: string;
}

/**
 * A Ruby trocla's store: what its configuration says, the YAML or SQLite file itself, or both, where the file is a copy
 * of the configured store.
 *
 * @throws {TroclaError} `source`
 */
export async function* readRuby(store: RubySource): Reader {
	const { privateKey, publicKey, file, table } = store;
	const decrypt = privateKey === undefined ? undefined : (await import("./ruby-ssl.js")).openSsl(privateKey, publicKey);
	if (await isSqlite(store)) yield* (await import("./ruby-sql.js")).readRubySql(file, table, decrypt);
	else yield* (await import("./ruby-yaml.js")).readRubyYaml(file, decrypt);
}

async function isSqlite({ adapter, file }: RubySource): Promise<boolean> {
	if (adapter !== undefined) return adapter === "Sequel";
	return (await readHeader(file)).toString("latin1").startsWith(SQLITE_HEADER);
}
