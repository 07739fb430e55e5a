/**
 * The statements that make a database refuse values that do not begin so, in the rows of a namespace and whichever
 * program writes them (https://sqlite.org/lang_createtrigger.html).
 *
 * @param beginning - of a value as it stands in a row
 */
export function guardStatements(table: string, namespace: string, beginning: string): string[] {
	const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
	const isOurs = `substr(NEW.key, 1, ${namespace.length + 1}) = ${literal(`${namespace}:`)}`;
	const isOther = `substr(NEW.value, 1, ${beginning.length}) IS NOT ${literal(beginning)}`;
	return ["INSERT", "UPDATE"].map(
		(event) => `CREATE TRIGGER IF NOT EXISTS ${table}_guard_${event.toLowerCase()} BEFORE ${event} ON ${table}
			WHEN ${isOurs} AND ${isOther} BEGIN SELECT RAISE(ABORT, ${literal(REFUSED)}); END`,
	);
}

/** What a guarded database says when it refuses a value. */
export const REFUSED = "guarded against values that are not sealed";
