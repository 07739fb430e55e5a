import { type Event, parseEvents, YAMLException } from "js-yaml";

/** Nested collections; far beyond what a person writes, and short of what the stack takes. */
const MAX_DEPTH = 500;
/** Lines; whoever writes more of them unlike YAML gets to hear of it. */
const MAX_REPAIRS = 1000;

/** Text that is no YAML, or YAML that Psych refuses to load; `line` counts from 1. */
export class YamlError extends Error {
	override name = "YamlError";
	readonly line: number | undefined;

	constructor(message: string, line: number | undefined) {
		super(message);
		this.line = line;
	}
}

/**
 * The parser's events for the first document of a text, and the text that they point into, which has the same lines.
 *
 * Psych takes YAML whose lines inside of brackets and quotes stand too far to the left, as in a list whose `]` is in the
 * first column. YAML forbids that, and so does js-yaml; blanks mean nothing there, so such lines are moved to the right.
 *
 * @throws {YamlError}
 */
export function parseSyntax(text: string): { readonly source: string; readonly events: readonly Event[] } {
	let source = firstDocument(text);
	for (let repairs = 0; ; repairs++) {
		try {
			return { source, events: parseEvents(source, { maxDepth: MAX_DEPTH }) };
		} catch (error) {
			if (!(error instanceof YAMLException)) throw error;
			const { reason, mark } = error;
			if (reason !== "deficient indentation" || !mark || repairs === MAX_REPAIRS) {
				throw new YamlError(`not YAML: ${reason}`, mark && mark.line + 1);
			}
			source = indented(source, mark.position, mark.column, repairs === 0);
		}
	}
}

/** Without what follows the first document: Psych does not look at it. */
function firstDocument(text: string): string {
	const [head = ""] = /^(?:[ \t]*(?:#.*)?\r?\n|%.*\r?\n)*(?:---(?=\s|$))?/.exec(text) ?? [];
	const end = text.slice(head.length).search(/^(?:---|\.\.\.)(?=\s|$)/m);
	return end < 0 ? text : text.slice(0, head.length + end);
}

/** Moves the line of a place to the right of all others; at first also those that begin with a closing bracket. */
function indented(source: string, position: number, column: number, isFirst: boolean): string {
	const before = source.slice(0, position);
	if (before.endsWith("\t")) return `${before.slice(0, -1)} ${source.slice(position)}`;
	const blanks = " ".repeat(1 + Math.max(0, ...(source.match(/^ +/gm) ?? []).map((line) => line.length)));
	const start = position - column;
	const moved = source.slice(0, start) + blanks + source.slice(start);
	// In the first column a bracket can close a list or map, or stand in quotes, and nothing else.
	return isFirst ? moved.replace(/^(?=[\]}])/gm, blanks) : moved;
}
