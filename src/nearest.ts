import { distance } from "fastest-levenshtein";

/** The hint for an unknown name: the nearest known one where it looks like a slip or a start, and else all of them. */
export function didYouMean(name: string, known: readonly string[]): string {
	const begun = known.find((word) => name.length > 2 && word.startsWith(name.toLowerCase()));
	if (begun !== undefined) return `Did you mean ${begun}?`;
	const ranked = known.map((word) => ({ word, steps: distance(name.toLowerCase(), word.toLowerCase()) }));
	const nearest = ranked.reduce((best, next) => (next.steps < best.steps ? next : best), { word: "", steps: Infinity });
	const slip = nearest.steps <= Math.max(2, Math.floor(nearest.word.length / 3));
	return slip ? `Did you mean ${nearest.word}?` : `Known: ${known.join(", ")} (${nearest.word} is the nearest)`;
}
