import fc from "fast-check";
import { expect, test } from "vitest";
import { matches, readGlob } from "../../../src/server/glob.js";

const match = (glob: string, text: string, certname?: string) => matches(readGlob(glob, certname), text);

test("* is a text without a slash, ** any text, ? one character, and \\ makes the next one literal", () => {
	const yes: [string, string][] = [
		["hosts/*/root", "hosts/web1/root"],
		["hosts/**", "hosts/web1/root"],
		["**", ""],
		["*", "alice"],
		["a?c", "abc"],
		["a?c", "a💥c"],
		["a\\*c", "a*c"],
		["a.c", "a.c"],
		["**/x", "a/b/x"],
		["[a]", "[a]"],
	];
	const no: [string, string][] = [
		["hosts/*", "hosts/web1/root"],
		["*", "a/b"],
		["a?c", "a/c"],
		["a?c", "ac"],
		["a\\*c", "abc"],
		["a.c", "abc"],
		["a", "A"],
		["a", "ab"],
		["", "a"],
	];
	for (const [glob, text] of yes) expect(match(glob, text), `${glob} ${text}`).toBe(true);
	for (const [glob, text] of no) expect(match(glob, text), `${glob} ${text}`).toBe(false);
});

test("a certname stands for itself, whatever it has in it", () => {
	expect(match("hosts/%{certname}/*", "hosts/web1/root", "web1")).toBe(true);
	expect(match("hosts/%{certname}/*", "hosts/web2/root", "web1")).toBe(false);
	for (const certname of ["*", "**", "?", "web?", "\\", "%{certname}"]) {
		expect(match("hosts/%{certname}/*", `hosts/${certname}/root`, certname)).toBe(true);
		expect(match("hosts/%{certname}/*", "hosts/web1/root", certname)).toBe(false);
	}
});

test("any glob matches as the regular expression does that it stands for", () => {
	const token = fc.constantFrom("*", "**", "?", "a", "b", "/", ".", "\\*");
	const text = fc.string({ unit: fc.constantFrom("a", "b", "/", ".", "*"), maxLength: 12 });
	const patterns: { [token: string]: string } = { "*": "[^/]*", "**": ".*", "?": "[^/]", ".": "\\." };
	fc.assert(
		fc.property(fc.array(token, { maxLength: 8 }), text, (tokens, text) => {
			const glob = tokens.join("").replaceAll("***", "**");
			const pattern = [...glob.matchAll(/\\.|\*\*|./g)].map(([token]) => patterns[token] ?? token).join("");
			expect(match(glob, text)).toBe(new RegExp(`^${pattern}$`, "s").test(text));
		}),
		{ numRuns: 1000 },
	);
});

test("no glob takes long, however many stars it has", () => {
	const begin = performance.now();
	expect(match(`${"**a".repeat(100)}b`, "a".repeat(512))).toBe(false);
	expect(performance.now() - begin).toBeLessThan(1000);
});
