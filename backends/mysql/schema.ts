import { BackendError } from "../backend.js";
import { LONGEST_ROW_KEY } from "../server/keyv-rows.js";
import type { Connections } from "./connections.js";

/** A table's name as SQL has it. */
export const quoted = (table: string) => `\`${table.replaceAll("`", "``")}\``;

/**
 * Finds the table, or makes it, and gives the size of the largest packet that the server takes, in bytes.
 *
 * Keys and values are compared by their bytes, with blanks at their ends: MariaDB's and MySQL's collations for that have
 * different names.
 *
 * @param create - where false, a table that is not there is an error
 * @param server - its URL, without who uses it
 * @throws {BackendError} where it is not one of Keyv's, which is then not touched, or can't be made
 */
export async function prepareTable(
	{ rows, change }: Connections,
	table: string,
	create: boolean,
	server: string,
): Promise<number> {
	let found = await look();
	if (found.engine === null) {
		if (!create) {
			throw refused(`there is no table ${quoted(table)} yet`, "The first password makes it; or check store_options");
		}
		// Another process may make it at the same time, which has several errors; or the connection was lost.
		const failure = await make().then(
			() => undefined,
			(error: unknown) => error,
		);
		found = await look();
		if (failure && found.engine === null) throw failure;
	}
	const flaw = flawOf(found, table);
	if (flaw) throw refused(...flaw);
	return Number(found.packet);

	async function look(): Promise<Found> {
		const [server] = await rows<Omit<Found, "columns">>(SERVER, [table]);
		const columns = await rows<Column>(COLUMNS, [table]);
		if (!server) throw refused("it answers nothing", "Check that store_options.url is MySQL's or MariaDB's");
		return { ...server, columns: Object.fromEntries(columns.map((column) => [column.name.toLowerCase(), column])) };
	}

	async function make(): Promise<void> {
		const text = binaryText(found.version);
		const columns = `id VARCHAR(${LONGEST_ROW_KEY}) ${text} NOT NULL PRIMARY KEY, value LONGTEXT ${text} NOT NULL`;
		await change(`CREATE TABLE IF NOT EXISTS ${quoted(table)} (${columns}) ENGINE=InnoDB ROW_FORMAT=DYNAMIC`, []);
	}

	function refused(what: string, hint: string): BackendError {
		return new BackendError("unavailable", `${server}: ${what}`, hint);
	}
}

interface Column {
	readonly name: string;
	readonly type: string;
	readonly collation: string | null;
	/** `PRI` for a primary key of this one column, or its first one. */
	readonly index: string;
}

interface Found {
	readonly version: string;
	readonly packet: number;
	/** Null where there is no such table. */
	readonly engine: string | null;
	/** By their names in lower case. */
	readonly columns: { readonly [name: string]: Column };
}

const SERVER = `
	SELECT @@version AS version, @@max_allowed_packet AS packet, (
		SELECT COALESCE(ENGINE, TABLE_TYPE) FROM information_schema.TABLES
		WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? LIMIT 1
	) AS engine`;

const COLUMNS = `
	SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type, COLLATION_NAME AS collation, COLUMN_KEY AS \`index\`
	FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`;

/** The character set and collation of texts that are compared by their bytes, blanks at the end included. */
function binaryText(version: string): string {
	const collation = /mariadb/i.test(version) ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin";
	return `CHARACTER SET utf8mb4 COLLATE ${collation}`;
}

const BINARY = /^utf8mb4_(nopad|0900)_bin$/;

/** What is wrong with a table, and what to do about it. */
function flawOf({ version, engine, columns }: Found, table: string): [what: string, hint: string] | undefined {
	const name = quoted(table);
	const { id, value, ...others } = columns;
	const length = Number(/^varchar\((\d+)\)$/.exec(id?.type ?? "")?.[1] ?? Number.NaN);
	const isText = /^(tiny|medium|long)?text$/.test(value?.type ?? "");
	if (!id || !value || id.index !== "PRI" || Number.isNaN(length) || !isText || Object.keys(others).length > 0) {
		return [`${name} is not a table of Keyv's`, "Name another one in store_options.table"];
	}
	const exact = [id, value].every(({ collation }) => BINARY.test(collation ?? ""));
	if (length < LONGEST_ROW_KEY || value.type !== "longtext" || !exact) {
		const text = binaryText(version);
		return [
			`${name} is too small for all keys and values, or takes different ones for the same: id is ${id.type} ${id.collation}, value ${value.type} ${value.collation}`,
			`Run: ALTER TABLE ${name} MODIFY id VARCHAR(${LONGEST_ROW_KEY}) ${text} NOT NULL, MODIFY value LONGTEXT ${text} NOT NULL`,
		];
	}
	if (engine === "InnoDB") return undefined;
	return [`${name} is in the engine ${engine}, which has no transactions`, `Run: ALTER TABLE ${name} ENGINE=InnoDB`];
}
