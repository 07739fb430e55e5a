import type { Backend } from "./backend.js";
import type { OptionsOf, postgresOptions } from "./options.js";
import { connections } from "./postgres/connections.js";
import { prepareTable } from "./postgres/schema.js";
import { postgresTable } from "./postgres/table.js";
import { DEFAULT_SECONDS, Patience } from "./server/patience.js";
import { isLost } from "./server/server-error.js";
import { sqlBackend } from "./server/sql.js";
import { DEFAULT_CONNECTIONS, DEFAULT_TABLE, sqlPlace } from "./server/sql-place.js";

const PORT = 5432;
const DEFAULT_SCHEMA = "public";

/**
 * Records in a table of PostgreSQL, in Keyv's own rows, so that any Keyv tool can read them.
 *
 * It stands on the library that Keyv's adapter stands on: the adapter itself has one pool for all stores of a process, and
 * makes a table whose keys are too short.
 *
 * @param create - whether to make the table where there is none
 * @throws {BackendError}
 */
export async function openPostgres(options: OptionsOf<typeof postgresOptions>, create: boolean): Promise<Backend> {
	const { seconds = DEFAULT_SECONDS, connections: most = DEFAULT_CONNECTIONS } = options;
	const { table = DEFAULT_TABLE, schema = DEFAULT_SCHEMA } = options;
	const place = await sqlPlace(options, PORT);
	const pool = connections(place, seconds, most);
	try {
		await new Patience(seconds, isLost).read(() => prepareTable(pool, { schema, table }, create, place.server));
	} catch (error) {
		await pool.close();
		throw error;
	}
	return sqlBackend(postgresTable(pool, { schema, table }, seconds, place.server), place.server, seconds);
}
