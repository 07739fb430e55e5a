import type { Flaw } from "../backend.js";
import { ServerError } from "../server/server-error.js";
import type { Change, Row, Table } from "../server/sql.js";
import type { Connections, Statements } from "./connections.js";
import { DuplicateKey } from "./error.js";
import { quoted } from "./schema.js";

/** What of a packet is not a row's: the statement's own, and a few bytes for each value. */
const OVERHEAD = 1024;

/** How many keys a statement asks for. */
const KEYS_AT_ONCE = 1000;

/**
 * The statements of a table in MySQL or MariaDB.
 *
 * @param packet - the size of the largest one that the server takes, in bytes
 * @param server - its URL, without who uses it
 */
export function mysqlTable(connections: Connections, name: string, packet: number, server: string): Table {
	const table = quoted(name);
	const { rows, transaction, close } = connections;

	/** The server would cut the connection in the middle, as if it were lost. */
	function refuseTooLarge(values: readonly string[]): void {
		const bytes = values.reduce((sum, value) => sum + Buffer.byteLength(value) + 16, OVERHEAD);
		if (bytes <= packet) return;
		throw new ServerError(
			"refused",
			"unavailable",
			`${server}: a change of ${bytes} bytes is more than its max_allowed_packet, ${packet}`,
			"Nothing was changed. Set max_allowed_packet to more in the server's configuration, and start it again",
		);
	}

	async function insert(statements: Statements, all: readonly Row[]): Promise<boolean> {
		const values = all.flatMap(({ key, value }) => [key, value]);
		refuseTooLarge(values);
		try {
			await statements.change(`INSERT INTO ${table} (id, value) VALUES ${list("(?, ?)", all.length)}`, values);
			return true;
		} catch (error) {
			if (error instanceof DuplicateKey) return false;
			throw error;
		}
	}

	async function replace(statements: Statements, { key, value }: Row, by: string | undefined): Promise<boolean> {
		const [sql, values] =
			by === undefined
				? [`DELETE FROM ${table} WHERE id = ? AND value = ?`, [key, value]]
				: [`UPDATE ${table} SET value = ? WHERE id = ? AND value = ?`, [by, key, value]];
		refuseTooLarge(values);
		return (await statements.change(sql, values)) === 1;
	}

	async function create(statements: Statements, created: readonly Row[]): Promise<readonly Row[]> {
		if (created.length === 0 || (await insert(statements, created))) return created;
		const done: Row[] = [];
		for (const row of created) if (await insert(statements, [row])) done.push(row);
		return done;
	}

	return {
		async find(keys) {
			const found: Row[] = [];
			for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
				const some = keys.slice(from, from + KEYS_AT_ONCE);
				const wanted = list("?", some.length);
				found.push(...(await rows<Row>(`SELECT id AS \`key\`, value FROM ${table} WHERE id IN (${wanted})`, some)));
			}
			return found;
		},

		insert: (row) => insert(connections, [row]),

		replace: (row, by) => replace(connections, row, by),

		async changeAll(changes) {
			// In the order of the keys, so that two of these don't wait for each other.
			const sorted = [...changes].sort((a, b) => (a.key < b.key ? -1 : 1));
			refuseTooLarge(sorted.flatMap(({ key, after = "" }) => [key, after]));
			return await transaction(async (statements) => {
				const done = new Set((await create(statements, sorted.flatMap(newRow))).map(({ key }) => key));
				for (const { key, before, after } of sorted) {
					if (before !== undefined && (await replace(statements, { key, value: before }, after))) done.add(key);
				}
				return done;
			});
		},

		async keys({ from, isAfter, below }, most) {
			const found = await rows<{ id: string }>(
				`SELECT id FROM ${table} WHERE id ${isAfter ? ">" : ">="} ? AND id < ? ORDER BY id LIMIT ${most}`,
				[from, below],
			);
			return found.map(({ id }) => id);
		},

		async check() {
			const [found] = await rows<Settings>(SETTINGS);
			return found ? [...flaws(found, server)] : [];
		},

		close,
	};
}

const list = (item: string, count: number) => Array(count).fill(item).join(", ");

const newRow = ({ key, before, after }: Change): Row[] =>
	before === undefined && after !== undefined ? [{ key, value: after }] : [];

interface Settings {
	readonly flush: number;
	readonly method: string;
	readonly readOnly: number;
}

const SETTINGS =
	"SELECT @@innodb_flush_log_at_trx_commit AS flush, @@innodb_flush_method AS method, @@read_only AS readOnly";

function* flaws({ flush, method, readOnly }: Settings, server: string): Generator<Flaw> {
	// 3 is MariaDB's, and writes once more than 1 does.
	if (flush !== 1 && flush !== 3) {
		yield {
			message: `${server}: innodb_flush_log_at_trx_commit is ${flush}, so a crash of its host may lose records of the last second`,
			hint: "Set it in the server's configuration: innodb_flush_log_at_trx_commit = 1",
		};
	}
	if (/nosync$/i.test(method)) {
		yield {
			message: `${server}: innodb_flush_method is ${method}, so a crash of its host may lose every record`,
			hint: "Take innodb_flush_method out of the server's configuration",
		};
	}
	if (Number(readOnly)) {
		yield {
			message: `${server} can only be read`,
			hint: "Name the primary server in store_options.url, not a replica",
		};
	}
}
