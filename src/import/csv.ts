import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { Foreign, Reader } from "./foreign.js";
import { sourceError, unreadable } from "./source-error.js";
import { decodeUtf8 } from "./utf8.js";

const COLUMNS = ["key", "format", "value", "expires"] as const;
const REQUIRED = COLUMNS.slice(0, 3);

/** A row by the names of its columns, and the line that it ends on. */
interface Row {
	readonly fields: { readonly [Column in (typeof COLUMNS)[number]]?: string };
	readonly complete: boolean;
	readonly line: number;
}

/** What the rows of a key say, with the line of the first. */
interface Key {
	readonly formats: Map<string, string>;
	readonly expires: string;
	readonly line: number;
}

/**
 * A CSV file as RFC 4180 defines it, in UTF-8, with a header: `key,format,value` and, where keys expire, `expires`
 * (seconds from now, or a date and time in ISO 8601). A key with several formats has as many rows, which need not stand
 * together.
 *
 * It is read as a whole before the first key is given, since a file that ends within quotes was cut off.
 *
 * @param path - `-` is standard input
 * @throws {TroclaError} `source`
 */
export async function* readCsv(path: string): Reader {
	const name = path === "-" ? "standard input" : path;
	const keys = new Map<string, Key>();
	const faults: Foreign[] = [];
	for (const row of await parseRows(await readText(path, name), name)) {
		const fault = add(keys, row);
		if (fault === undefined) continue;
		faults.push({ key: row.fields.key || `line ${row.line}`, fault, hint: `Mend line ${row.line} of ${name}` });
	}
	yield* faults;
	for (const [key, { formats, expires, line }] of keys) {
		const end = readExpiry(expires);
		if (end) yield { key, formats: Object.fromEntries(formats), ...end };
		else {
			const fault = "has an expiry that is neither seconds nor a time like 2027-01-31T12:00:00Z";
			yield { key, fault, hint: `Mend line ${line} of ${name}` };
		}
	}
}

/** Adds a row to its key, or says why not. */
function add(keys: Map<string, Key>, { fields, complete, line }: Row): string | undefined {
	const { key = "", format = "", value = "", expires = "" } = fields;
	if (!complete) return "has not as many fields as the header";
	if (key === "") return "has no key";
	const known = keys.get(key) ?? { formats: new Map<string, string>(), expires, line };
	if (known.formats.has(format)) return `has its ${format} twice; the first one counts`;
	if (known.expires !== expires) return `has two expiries; that of line ${known.line} counts`;
	known.formats.set(format, value);
	keys.set(key, known);
	return undefined;
}

/** Seconds from now, or the end; nothing where there is none, `undefined` where it is neither. */
function readExpiry(text: string): { seconds?: number; endsAt?: Date } | undefined {
	if (text === "") return {};
	if (/^[1-9]\d{0,9}$/.test(text)) return { seconds: Number(text) };
	const endsAt = new Date(
		/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? text : Number.NaN,
	);
	return Number.isNaN(endsAt.getTime()) ? undefined : { endsAt };
}

async function readText(path: string, name: string): Promise<string> {
	const bytes = await (path === "-" ? buffer(process.stdin) : readFile(path)).catch((error: unknown) => {
		throw unreadable(name, error);
	});
	const text = decodeUtf8(bytes);
	if (text === undefined) throw sourceError(`${name} is not UTF-8`, "Convert it, for example with: iconv -t UTF-8");
	return text;
}

async function parseRows(text: string, name: string): Promise<Row[]> {
	const { parse } = await import("csv-parse/sync");
	let records: { record: string[]; info: { lines: number } }[];
	try {
		// The types do not know what "info" changes.
		records = parse(text, {
			bom: true,
			info: true,
			record_delimiter: ["\r\n", "\n"],
			relax_column_count: true,
			skip_empty_lines: true,
		}) as unknown as typeof records;
	} catch (error) {
		throw notCsv(error, name);
	}
	const [header, ...rows] = records;
	const columns = header?.record.map((column) => column.trim()) ?? [];
	checkHeader(columns, name);
	return rows.map(({ record, info }) => ({
		fields: Object.fromEntries(columns.map((column, index) => [column, record[index] ?? ""])),
		complete: record.length === columns.length,
		line: info.lines,
	}));
}

function checkHeader(columns: readonly string[], name: string): void {
	const known: readonly string[] = COLUMNS;
	const strange = columns.find((column, index) => !known.includes(column) || columns.indexOf(column) !== index);
	const missing = REQUIRED.find((column) => !columns.includes(column));
	if (strange === undefined && missing === undefined) return;
	throw sourceError(
		missing === undefined
			? `${name}: its header has ${JSON.stringify(strange)}`
			: `${name}: its header has no ${missing}`,
		"The first line must be: key,format,value or key,format,value,expires",
	);
}

/** What the parser says may hold a value. */
function notCsv(error: unknown, name: string) {
	const { code, lines } = error as { code?: string; lines?: number };
	if (typeof code !== "string") return error;
	const why = code === "CSV_QUOTE_NOT_CLOSED" ? "ends within quotes" : `has a misplaced quote in line ${lines}`;
	return sourceError(
		`${name} is not CSV: it ${why}`,
		'Nothing was imported. A field with a comma, a quote or a newline stands in quotes, and " in it twice',
	);
}
