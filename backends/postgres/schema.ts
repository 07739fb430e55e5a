import pg from "pg";
import { BackendError } from "../backend.js";
import type { Connections } from "./connections.js";

/** Where the records are: the names of a schema and of a table in it. */
export interface TableName {
	readonly schema: string;
	readonly table: string;
}

/** A table's name as SQL has it. */
export const quoted = ({ schema, table }: TableName) => `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`;

/**
 * Finds the table, or makes it.
 *
 * A key is compared and sorted by its bytes, whatever the database's own collation is.
 *
 * @param create - where false, a table that is not there is an error
 * @param server - its URL, without who uses it
 * @throws {BackendError} where it is not one of Keyv's, which is then not touched, or can't be made
 */
export async function prepareTable(
	{ query }: Connections,
	name: TableName,
	create: boolean,
	server: string,
): Promise<void> {
	let found = await look();
	if (found.encoding !== "UTF8") {
		throw refused(
			`the database's encoding is ${found.encoding}, which can't hold every key`,
			"Create one as an administrator: CREATE DATABASE trocla OWNER trocla ENCODING 'UTF8' TEMPLATE template0",
		);
	}
	if (found.kind === null) {
		if (!create)
			throw refused(`there is no table ${quoted(name)} yet`, "The first password makes it; or check store_options");
		// Another process may make it at the same time, which has several errors; or the connection was lost.
		const failure = await make().then(
			() => undefined,
			(error: unknown) => error,
		);
		found = await look();
		if (failure && found.kind === null) throw failure;
	}
	const flaw = flawOf(found, name);
	if (flaw) throw refused(...flaw);

	async function look(): Promise<Found> {
		const [row] = await query<Found>(LOOK, [name.schema, name.table]);
		if (!row) throw refused("it answers nothing", "Check that store_options.url is PostgreSQL's");
		return row;
	}

	async function make(): Promise<void> {
		const sql = `CREATE TABLE IF NOT EXISTS ${quoted(name)} (key text COLLATE "C" PRIMARY KEY, value text COLLATE "C" NOT NULL)`;
		await query(sql);
	}

	function refused(what: string, hint: string): BackendError {
		return new BackendError("unavailable", `${server}: ${what}`, hint);
	}
}

interface Found {
	readonly encoding: string;
	/** pg_class's relkind and relpersistence; null where there is no such table. */
	readonly kind: string | null;
	readonly persistence: string | null;
	/** The type of each column, with its collation where that is not the type's own. */
	readonly columns: { readonly [name: string]: string } | null;
	/** Whether no two rows have the same key. */
	readonly unique: boolean;
}

const LOOK = `
	SELECT current_setting('server_encoding') AS encoding, c.relkind AS kind, c.relpersistence AS persistence,
		(
			SELECT json_object_agg(attname, concat_ws(' ', format_type(atttypid, atttypmod), l.collname))
			FROM pg_attribute LEFT JOIN pg_collation l ON l.oid = attcollation
			WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
		) AS columns,
		EXISTS (
			SELECT FROM pg_index JOIN pg_attribute ON attrelid = c.oid AND attname = 'key'
			WHERE indrelid = c.oid AND indisunique AND indisvalid AND indpred IS NULL AND indnkeyatts = 1 AND indkey[0] = attnum
		) AS "unique"
	FROM (VALUES ($1::name, $2::name)) AS wanted (schema, name)
	LEFT JOIN pg_namespace n ON n.nspname = wanted.schema
	LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name`;

/** What is wrong with a table, and what to do about it. */
function flawOf(
	{ kind, persistence, columns, unique }: Found,
	name: TableName,
): [what: string, hint: string] | undefined {
	const table = quoted(name);
	const { key = "", value = "", ...others } = columns ?? {};
	const isOther =
		kind !== "r" ||
		!/^(text|character varying)\b/.test(key) ||
		!/^text /.test(value) ||
		Object.keys(others).length > 0 ||
		!unique;
	if (isOther) return [`${table} is not a table of Keyv's`, "Name another one in store_options.table"];
	if (!/^text (C|POSIX)$/.test(key)) {
		return [
			`the keys of ${table} are ${key}: too short for all keys, or not compared by their bytes`,
			`Run, as its owner: ALTER TABLE ${table} ALTER COLUMN key TYPE text COLLATE "C"`,
		];
	}
	if (persistence === "p") return undefined;
	return [
		`${table} is lost when the server crashes: it is UNLOGGED`,
		`Run, as its owner: ALTER TABLE ${table} SET LOGGED`,
	];
}
