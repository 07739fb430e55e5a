import type { FormatName, Formats } from "../../formats/index.js";
import { TroclaError } from "../errors.js";
import type { Recipe } from "../generate/generate.js";
import { didYouMean } from "../nearest.js";
import { askedOptions, type KeyRecord, type Options, SECRET } from "../records/record.js";
import { quote as quoteKey } from "../refusals.js";
import { isMap, quoteValue as quote } from "../value.js";
import { builtinProfiles, type OptionPolicy } from "./profiles.js";
import { checkOptions, checkOwnOptions, isGeneralOption, isRecipeOption, partAsked, type Source } from "./rules.js";

/** What a call for one format comes down to. */
export interface ResolvedOptions {
	readonly recipe: Recipe;
	/** False: a plaintext must be stored already, none is generated. */
	readonly random: boolean;
	/** Seconds for a new key; 0 for no end. */
	readonly expires: number;
	/** The same, where the call itself said it. */
	readonly expiresAsked: number | undefined;
	/** The format's own options, not yet checked by its schema. */
	readonly own: Options;
	/** What the call itself, or a profile that it named, asked of the plaintext and of the format. */
	readonly askedRecipe: Options;
	readonly askedOwn: Options;
	/** The part of the value to give, where not all of it. */
	readonly part: string | undefined;
	/** Options of the call that mean nothing to this format. */
	readonly unused: readonly string[];
}

/**
 * The options for one format: built-in ones, under the configuration's, under the profiles' (the first that is named
 * wins), under the call's. Each may hold a map under a format's name, which goes over its other options for that format.
 *
 * @throws {TroclaError} `invalid`
 */
export function resolveOptions(policy: OptionPolicy, format: FormatName, options: Options): ResolvedOptions {
	const call = withoutUndefined(options);
	if (!isMap(call)) throw new TroclaError("invalid", `options must be a map of names to values, not ${quote(call)}`);
	const { formats } = policy;
	checkOptions(formats, call, "invalid");
	const site = flatten(policy.options, format, formats);
	const asked = flatten(call, format, formats);
	const profiles = { ...builtinProfiles, ...policy.profiles };
	const named = (source: Options) =>
		profileNames(source).map((name) => flatten(findProfile(profiles, name), format, formats));
	const layersAsked = [...named(asked).reverse(), asked];
	const layersSite = asked.profiles === undefined ? [site, ...named(site).reverse()] : [site];

	const askedRecipe = layersAsked.reduce(layRecipe, {});
	const recipe = layRecipe(layersSite.reduce(layRecipe, {}), askedRecipe);
	const merged: Options = Object.assign({}, ...layersSite, ...layersAsked);
	const mergedAsked: Options = Object.assign({}, ...layersAsked);
	const own = formats.optionNames(format);
	const generates = formats.generates(format);
	const means = (name: string) => own.includes(name) || (isGeneralOption(name) && !(generates && isRecipeOption(name)));
	return {
		// Each entry was checked by its schema.
		recipe: ("words" in recipe ? recipe : { length: 16, charset: "default", ...recipe }) as Recipe,
		random: merged.random !== false,
		expires: Number(merged.expires ?? 0),
		expiresAsked: mergedAsked.expires === undefined ? undefined : Number(mergedAsked.expires),
		own: pick(merged, (name) => own.includes(name)),
		part: partAsked(mergedAsked),
		askedRecipe: generates ? {} : askedRecipe,
		askedOwn: pick(mergedAsked, (name) => own.includes(name)),
		unused: Object.keys(asked).filter((name) => !means(name)),
	};
}

/**
 * `resolveOptions`, with the format's own options checked by its schema, and those that are secret hidden in what the
 * call asked for.
 *
 * @param warn - hears of options of the call that mean nothing to the format
 * @throws {TroclaError} `invalid`, `config`
 */
export async function resolveForFormat(
	policy: OptionPolicy,
	name: FormatName,
	call: Options,
	warn: (message: string) => void,
): Promise<ResolvedOptions> {
	const resolved = resolveOptions(policy, name, call);
	for (const option of resolved.unused) warn(`${name} has no option ${option}, so it does nothing`);
	const format = await policy.formats.load(name);
	const askedOwn = { ...resolved.askedOwn };
	for (const secret of format.secretOptions ?? []) if (secret in askedOwn) askedOwn[secret] = SECRET;
	return { ...resolved, askedOwn, own: checkOwnOptions(name, format, resolved.own, sourceOf(policy, name, call)) };
}

/** For `checkOwnOptions`: what the call itself does not say is the configuration's. */
export function sourceOf(policy: OptionPolicy, format: FormatName, call: Options): (option: string) => Source {
	const ofCall = flatten(withoutUndefined(call), format, policy.formats);
	return (option) =>
		Object.hasOwn(ofCall, option)
			? { code: "invalid", where: "" }
			: { code: "config", where: `${policy.file ?? "the configuration"}: ` };
}

/** All profiles that these options name, for whatever format. */
export function namedProfiles(options: Options, formats: Formats): string[] {
	const layers = [options, ...Object.values(pick(options, (name) => formats.has(name))).filter(isMap)];
	return layers.flatMap(profileNames);
}

/**
 * The options of a reset: what was asked for before, under what the reset itself and the profiles that it names ask for.
 *
 * @throws {TroclaError} `invalid` where a secret option would be needed, which is not stored
 */
export function askAgain(
	policy: OptionPolicy,
	{ key, record, format }: { key: string; record: KeyRecord | undefined; format: FormatName },
	options: Options,
): Options {
	const call = withoutUndefined(options);
	const stored = record?.formats[format];
	const before = stored ? askedOptions(stored) : format === "plain" ? record?.askedPlain : undefined;
	if (before === undefined) return call;
	const { askedOwn, askedRecipe } = resolveOptions(policy, format, call);
	// A site's format may have other options by now.
	const known = policy.formats.optionNames(format);
	const own = pick(before, (name) => known.includes(name) && !Object.hasOwn(askedOwn, name));
	const secret = Object.keys(own).find((name) => own[name] === SECRET);
	if (secret !== undefined) {
		throw new TroclaError(
			"invalid",
			`the ${format} of ${quoteKey(key)} was made with a ${secret}, which is not kept`,
			`Give one again, or delete the ${format} first to have one without`,
		);
	}
	return { ...own, ...layRecipe(pick(before, isRecipeOption), askedRecipe), ...call };
}

/** Lays a layer's recipe over another: words put an end to what characters were asked for, and the reverse. */
function layRecipe(below: Options, layer: Options): Options {
	const recipe = pick(layer, isRecipeOption);
	if ("words" in recipe) return recipe;
	if (Object.keys(recipe).length === 0) return below;
	return { ...pick(below, (name) => name !== "words"), ...recipe };
}

function flatten(layer: Options, format: FormatName, formats: Formats): Options {
	const general = pick(layer, (name) => !formats.has(name));
	const own = Object.hasOwn(layer, format) ? layer[format] : undefined;
	if (!isMap(own)) return general;
	return {
		...pick({ ...general, ...own }, (name) => !isRecipeOption(name)),
		...layRecipe(layRecipe({}, general), own),
	};
}

function profileNames({ profiles = [] }: Options): string[] {
	return [profiles]
		.flat()
		.flatMap((names) => String(names).split(","))
		.map((name) => name.trim());
}

function findProfile(profiles: { readonly [name: string]: Options }, name: string): Options {
	const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
	if (profile) return profile;
	throw new TroclaError("invalid", `profile ${quote(name)} is not known`, didYouMean(name, Object.keys(profiles)));
}

/** An option that a program leaves `undefined` is as good as not there. */
function withoutUndefined(options: Options): Options {
	if (!isMap(options)) return options;
	const defined = Object.entries(options).filter(([, value]) => value !== undefined);
	return Object.fromEntries(defined.map(([name, value]) => [name, isMap(value) ? withoutUndefined(value) : value]));
}

function pick(options: Options, wanted: (name: string) => boolean): Options {
	return Object.fromEntries(Object.entries(options).filter(([name]) => wanted(name)));
}
