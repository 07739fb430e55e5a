import type { NameRule } from "./names.js";

/** What a site allows besides the usual. */
export interface Rules {
	/** The lowest uid and gid of managed accounts. Default: 1000, from which on Debian's useradd gives them. */
	readonly minUid?: number;
	readonly minGid?: number;
	/** Default: `portable`. */
	readonly names?: NameRule;
}

export const DEFAULT_RULES: Required<Rules> = { minUid: 1000, minGid: 1000, names: "portable" };
