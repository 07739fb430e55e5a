import { dump, load, YAML11_SCHEMA, YAMLException } from "js-yaml";

/**
 * A YAML 1.1 document, as Ruby's Psych reads it (`no` is false); `undefined` for an empty one.
 *
 * @throws {SyntaxError} with the reason and the place, and nothing of the text
 */
export function parseYaml(text: string): unknown {
	// js-yaml takes an empty text for an error; one of comments only is what a configuration without settings is.
	if (text.split("\n").every((line) => /^\s*(#.*)?$/.test(line))) return undefined;
	try {
		return load(text, { schema: YAML11_SCHEMA }) ?? undefined;
	} catch (error) {
		if (!(error instanceof YAMLException)) throw error;
		const { reason, mark } = error;
		// Some reasons name what they are about: an alias, a tag.
		const why = reason.replace(/(?:: | ?"| !?<).*$/s, "");
		throw new SyntaxError(mark ? `${why} (line ${mark.line + 1}, column ${mark.column + 1})` : why);
	}
}

/** A map of texts as a YAML document, which `parseYaml` reads back as it was. */
export function printYaml(map: { readonly [name: string]: string }): string {
	return dump(map, { schema: YAML11_SCHEMA, lineWidth: -1 });
}
