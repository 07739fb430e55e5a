import type { Reader } from "./foreign.js";
import type { RubyStore } from "./ruby-config.js";
import { readHeader, SQLITE_HEADER } from "./sqlite-source.js";

/**
 * A Ruby trocla's store: what its configuration says, the YAML or SQLite file itself, or both, where the file is a copy
 * of the configured store.
 *
 * @throws {TroclaError} `source`
 */
export async function* readRuby(store: Partial<RubyStore> & { readonly file: string }): Reader {
	const { privateKey, publicKey, file, table } = store;
	const decrypt = privateKey === undefined ? undefined : (await import("./ruby-ssl.js")).openSsl(privateKey, publicKey);
	if (await isSqlite(store)) yield* (await import("./ruby-sql.js")).readRubySql(file, table, decrypt);
	else yield* (await import("./ruby-yaml.js")).readRubyYaml(file, decrypt);
}

async function isSqlite({ adapter, file }: Partial<RubyStore> & { readonly file: string }): Promise<boolean> {
	if (adapter !== undefined) return adapter === "Sequel";
	return (await readHeader(file)).toString("latin1").startsWith(SQLITE_HEADER);
}
