/** A glob that was read: characters that are meant, and what stands for others. */
export type Glob = readonly (string | typeof ONE | typeof SOME | typeof ANY)[];

const ONE = Symbol("?");
const SOME = Symbol("*");
const ANY = Symbol("**");

/**
 * Reads a glob: `*` is any text without a `/`, `**` any text, `?` one character but `/`, and `\` takes the next character
 * as it is. `%{certname}` is this name, whatever characters it has.
 */
export function readGlob(text: string, certname: string | undefined): Glob {
	const tokens = text.matchAll(/%\{certname\}|\*\*|\\.|./gsu);
	return [...tokens].flatMap(([token]): Glob => {
		if (token === "%{certname}") return certname === undefined ? [token] : [...certname];
		if (token === "**") return [ANY];
		if (token === "*") return [SOME];
		if (token === "?") return [ONE];
		return [token.startsWith("\\") && token.length > 1 ? token.slice(1) : token];
	});
}

/** Whether all of a text matches. It takes time in proportion to the glob's length times the text's, whatever they are. */
export function matches(glob: Glob, text: string): boolean {
	let at = reach(glob, new Set([0]));
	for (const character of text) {
		const next = new Set<number>();
		for (const index of at) {
			const token = glob[index];
			if (token === ANY || (token === SOME && character !== "/")) next.add(index);
			else if (token === character || (token === ONE && character !== "/")) next.add(index + 1);
		}
		if (next.size === 0) return false;
		at = reach(glob, next);
	}
	return at.has(glob.length);
}

/** With all places that are reached without a further character. */
function reach(glob: Glob, places: Set<number>): Set<number> {
	// A set's iteration also comes to what is added meanwhile.
	for (const index of places) if (glob[index] === ANY || glob[index] === SOME) places.add(index + 1);
	return places;
}
