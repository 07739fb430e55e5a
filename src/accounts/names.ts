import type { Check } from "./entry.js";
import { lineText } from "./fields.js";

/**
 * - `portable`: what shadow's own useradd takes everywhere: ASCII letters, digits, `_`, `.`, `-`, and a `$` at the end;
 *   a `-` not at the start
 * - `debian`: what Debian's useradd takes besides, such as `jürgen` and `alice@example.org`
 *
 * Neither takes what programs read as something else: an id (`1000`), a directory (`.`, `..`, a `/`) or a comment (`#`).
 */
export type NameRule = "portable" | "debian";

/** utmp(5) has room for so many. */
const MAX_BYTES = 32;

const PORTABLE = {
	shape: /^[A-Za-z0-9_.][A-Za-z0-9_.-]*\$?$/,
	hint: "Use letters a to z, digits, _ . - (not at the start), and a $ at the end; Debian's takes more where you allow it",
};

/** useradd(8) of Debian, "CAVEATS". */
const DEBIAN = {
	shape: /^[^-+~:,\s#/][^:,\s/]*$/,
	hint: "Use no -, +, ~ or # at the start, and nowhere a colon, a comma, a slash or a space",
};

/** The name of a user or a group. */
export function accountName(rule: NameRule): Check<string> {
	return (value, at) => {
		const name = lineText(value, at);
		if (name === undefined) return undefined;
		const bytes = Buffer.byteLength(name);
		if (bytes > MAX_BYTES) return at.fault(`has a name of ${bytes} bytes`, `A name has at most ${MAX_BYTES}`);
		if (/^\d+$/.test(name)) {
			return at.fault("has a name of digits only", "Programs take it for an id: begin it with a letter");
		}
		if (name === "root") return at.fault("has the name of the system's own root", "Choose another");
		if (name === "." || name === "..") return at.fault("has a name that means a directory", "Choose another");
		const { shape, hint } = rule === "debian" ? DEBIAN : PORTABLE;
		return shape.test(name) ? name : at.fault("has a name that useradd does not take", hint);
	};
}
