import type { NameRule } from "./names.js";

/** What a site allows besides the usual. */
export interface Rules {
	/** The lowest uid and gid of managed accounts. Default: 1000, from which on Debian's useradd gives them. */
	readonly minUid?: number | undefined;
	readonly minGid?: number | undefined;
	/** Default: `portable`. */
	readonly names?: NameRule | undefined;
}

/** The same with nothing left open. */
export type AllRules = { readonly [rule in keyof Rules]-?: NonNullable<Rules[rule]> };

/** All rules, with the defaults for those that are not given. */
export function allRules({ minUid, minGid, names }: Rules): AllRules {
	return { minUid: minUid ?? 1000, minGid: minGid ?? 1000, names: names ?? "portable" };
}
