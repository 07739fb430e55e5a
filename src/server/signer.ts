import { resolveOptions } from "../options/options.js";
import type { OptionPolicy } from "../options/profiles.js";
import type { Options } from "../records/record.js";

/**
 * The CA that would sign what is made with these options, whoever names it: the request, a profile, what was asked for
 * when a stored value was made, or the daemon's own options. `undefined` where none would.
 *
 * A client may have it sign where a rule says so, also one that a profile names: any client may name any profile, and what it
 * says itself goes over that, so that the CA would sign whatever it likes.
 *
 * @param before - what a stored value was asked for with that is to be made anew
 * @throws {TroclaError} `invalid`
 */
export function signerOf(
	policy: OptionPolicy,
	{ format, options }: { readonly format: string; readonly options: Options },
	before: Options = {},
): string | undefined {
	// Nearly no format is signed; of one that there is not, the store says so.
	if (!policy.formats.has(format) || !policy.formats.optionNames(format).includes("ca")) return undefined;
	const { askedOwn, own } = resolveOptions(policy, format, options);
	const ca = askedOwn.ca ?? before.ca ?? own.ca;
	return typeof ca === "string" ? ca : undefined;
}
