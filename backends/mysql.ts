import { isIP } from "node:net";
import { type Backend, BackendError } from "./backend.js";
import { connections } from "./mysql/connections.js";
import { prepareTable } from "./mysql/schema.js";
import { mysqlTable } from "./mysql/table.js";
import { DEFAULT_SECONDS, Patience } from "./server/patience.js";
import { isLost } from "./server/server-error.js";
import { sqlBackend } from "./server/sql.js";
import { DEFAULT_CONNECTIONS, DEFAULT_TABLE, type SqlOptions, sqlPlace } from "./server/sql-place.js";

const PORT = 3306;

/**
 * Records in a table of MySQL or MariaDB, in Keyv's own rows, so that any Keyv tool can read them.
 *
 * It stands on the library that Keyv's adapter stands on: the adapter itself has one pool for all stores of a process, and
 * makes a table whose keys are too short and that takes `Key` and `key` for one.
 *
 * @param create - whether to make the table where there is none
 * @throws {BackendError}
 */
export async function openMysql(options: SqlOptions, create: boolean): Promise<Backend> {
	const { seconds = DEFAULT_SECONDS, connections: most = DEFAULT_CONNECTIONS, table = DEFAULT_TABLE } = options;
	const place = await sqlPlace(options, PORT);
	const { server } = place;
	if (place.tls && isIP(place.host)) {
		throw new BackendError(
			"unavailable",
			`${server}: over TLS the server must have a name, which its certificate is checked against`,
			"Write its name into store_options.url in the place of the address",
		);
	}
	const pool = connections(place, seconds, most);
	try {
		const packet = await new Patience(seconds, isLost).read(() => prepareTable(pool, table, create, server));
		return sqlBackend(mysqlTable(pool, table, packet, server), server, seconds);
	} catch (error) {
		await pool.close();
		throw error;
	}
}
