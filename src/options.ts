import * as v from "valibot";
import { type FormatName, formatNames, formatOptionNames, isFormatName } from "../formats/index.js";
import { text, wholeNumber } from "../formats/schema.js";
import { characterClasses, charsetNames } from "./charsets.js";
import { type ErrorCode, TroclaError } from "./errors.js";
import type { Recipe } from "./generate.js";
import { didYouMean } from "./nearest.js";
import { builtinProfiles, type OptionPolicy } from "./profiles.js";
import { askedOptions, type KeyRecord, MAX_EXPIRES, type Options } from "./record.js";
import { isMap, quoteValue as quote } from "./value.js";

const REQUIRE_RULE = `must map ${characterClasses.join(", ")} to numbers`;

/** The options that shape a random plaintext; `words` excludes the others. */
const recipeOptions = {
	length: wholeNumber(1, 4096),
	charset: v.union(
		[v.picklist(charsetNames), v.strictObject({ custom: v.pipe(text(), v.regex(/^\P{C}*$/u)) })],
		"must be a charset's name, or {custom: CHARACTERS} without control characters",
	),
	require: v.pipe(
		v.custom<Options>(isMap, REQUIRE_RULE),
		v.strictObject(
			Object.fromEntries(characterClasses.map((name) => [name, v.optional(wholeNumber(0, 99))])),
			REQUIRE_RULE,
		),
	),
	words: wholeNumber(1, 64),
};

const generalOptions = {
	...recipeOptions,
	random: v.boolean("must be true or false"),
	expires: v.union([v.literal(false), wholeNumber(0, MAX_EXPIRES)], `must be seconds, 0 to ${MAX_EXPIRES}, or false`),
	profiles: v.union([text(), v.array(text())], "must be a profile's name, or a list of names"),
};

const isRecipeOption = (name: string) => Object.hasOwn(recipeOptions, name);
const isGeneralOption = (name: string): name is keyof typeof generalOptions => Object.hasOwn(generalOptions, name);

/** Every name that an option may have, whatever the format. */
export const optionNames: readonly string[] = [
	...new Set([...Object.keys(generalOptions), ...formatNames.flatMap(formatOptionNames)]),
];

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
	checkOptions(call, "invalid");
	const site = flatten(policy.options, format);
	const asked = flatten(call, format);
	const profiles = { ...builtinProfiles, ...policy.profiles };
	const named = (source: Options) => profileNames(source).map((name) => flatten(findProfile(profiles, name), format));
	const layersAsked = [...named(asked).reverse(), asked];
	const layersSite = asked.profiles === undefined ? [site, ...named(site).reverse()] : [site];

	const askedRecipe = layersAsked.reduce(layRecipe, {});
	const recipe = layRecipe(layersSite.reduce(layRecipe, {}), askedRecipe);
	const merged: Options = Object.assign({}, ...layersSite, ...layersAsked);
	const mergedAsked: Options = Object.assign({}, ...layersAsked);
	const own = formatOptionNames(format);
	return {
		// Each entry was checked by its schema.
		recipe: ("words" in recipe ? recipe : { length: 16, charset: "default", ...recipe }) as Recipe,
		random: merged.random !== false,
		expires: Number(merged.expires ?? 0),
		expiresAsked: mergedAsked.expires === undefined ? undefined : Number(mergedAsked.expires),
		own: pick(merged, (name) => own.includes(name)),
		askedRecipe,
		askedOwn: pick(mergedAsked, (name) => own.includes(name)),
		unused: Object.keys(asked).filter((name) => !isGeneralOption(name) && !own.includes(name)),
	};
}

/**
 * Checks the names of all options, and the values of those that are not a format's own.
 *
 * @param where - what the options belong to, for the message: `options of profile login`
 * @throws {TroclaError} with this code
 */
export function checkOptions(options: Options, code: ErrorCode, where = "option"): void {
	for (const [name, value] of Object.entries(options)) {
		if (!isFormatName(name)) continue;
		if (!isMap(value))
			throw new TroclaError(code, `${where} ${name} must be a map of its options, not ${quote(value)}`);
		checkLayer(value, code, `${where} ${name}:`, optionNames);
	}
	checkLayer(
		pick(options, (name) => !isFormatName(name)),
		code,
		where,
		[...optionNames, ...formatNames],
	);
}

function checkLayer(options: Options, code: ErrorCode, where: string, known: readonly string[]): void {
	for (const [name, value] of Object.entries(options)) {
		const fail = (message: string, hint?: string) => new TroclaError(code, `${where} ${message}`, hint);
		if (isFormatName(name) && !known.includes(name)) {
			throw fail(`${name} is a format`, "A format's options hold no other format's: put them beside each other");
		}
		if (!optionNames.includes(name)) throw fail(`${quote(name)} is not known`, didYouMean(name, known));
		if (!isGeneralOption(name)) continue;
		if (name === "charset" && typeof value === "string" && !charsetNames.some((known) => known === value)) {
			throw fail(`charset: ${quote(value)} is not known`, didYouMean(value, charsetNames));
		}
		if (name === "require" && isMap(value)) {
			const unknown = Object.keys(value).find((key) => !characterClasses.some((known) => known === key));
			if (unknown !== undefined)
				throw fail(`require: ${quote(unknown)} is not known`, didYouMean(unknown, characterClasses));
		}
		const result = v.safeParse(generalOptions[name], value, { abortEarly: true });
		if (!result.success) {
			const [issue] = result.issues;
			const path = [name, ...(issue.path ?? []).map((step) => String(step.key))];
			throw fail(`${path.join(".")} ${issue.message}, not ${quote(issue.input)}`);
		}
	}
	if (options.words !== undefined) {
		const other = Object.keys(options).find((name) => isRecipeOption(name) && name !== "words");
		if (other)
			throw new TroclaError(
				code,
				`${where} words can't go with ${other}`,
				"A passphrase is made of words only: leave one of them out",
			);
	}
}

/**
 * The format's own options, checked and with their defaults.
 *
 * @param from - says of an option where its value comes from; unless told, from the call
 * @throws {TroclaError} `invalid`, or `config` where the value comes from there
 */
export function checkOwnOptions(
	format: FormatName,
	schema: v.GenericSchema<unknown, unknown>,
	own: Options,
	from: (option: string) => Source = () => ({ code: "invalid", where: "" }),
): Options {
	const result = v.safeParse(schema, own, { abortEarly: true });
	if (result.success) return result.output as Options;
	const [issue] = result.issues;
	const path = issue.path?.map((step) => String(step.key)) ?? [];
	const { code, where } = from(path[0] ?? "");
	const option = `option ${path.join(".")} of ${format}`;
	throw new TroclaError(code, `${where}${option} ${issue.message}, not ${quote(issue.input)}`);
}

interface Source {
	readonly code: "invalid" | "config";
	/** Begins the message. */
	readonly where: string;
}

/** For `checkOwnOptions`: what the call itself does not say is the configuration's. */
export function sourceOf(policy: OptionPolicy, format: FormatName, call: Options): (option: string) => Source {
	const ofCall = flatten(withoutUndefined(call), format);
	return (option) =>
		Object.hasOwn(ofCall, option)
			? { code: "invalid", where: "" }
			: { code: "config", where: `${policy.file ?? "the configuration"}: ` };
}

/** All profiles that these options name, for whatever format. */
export function namedProfiles(options: Options): string[] {
	const layers = [options, ...Object.values(pick(options, isFormatName)).filter(isMap)];
	return layers.flatMap(profileNames);
}

/** The options of a reset: what was asked for before, under what the reset itself asks for. */
export function askAgain(record: KeyRecord | undefined, format: FormatName, options: Options): Options {
	const call = withoutUndefined(options);
	const stored = record?.formats[format];
	const before = stored ? askedOptions(stored) : format === "plain" ? record?.askedPlain : undefined;
	if (before === undefined || !isMap(call) || call.profiles !== undefined) return call;
	return { ...pick(before, (name) => !isRecipeOption(name)), ...layRecipe(before, call), ...call };
}

/** Lays a layer's recipe over another: words put an end to what characters were asked for, and the reverse. */
function layRecipe(below: Options, layer: Options): Options {
	const recipe = pick(layer, isRecipeOption);
	if ("words" in recipe) return recipe;
	if (Object.keys(recipe).length === 0) return below;
	return { ...pick(below, (name) => name !== "words"), ...recipe };
}

function flatten(layer: Options, format: FormatName): Options {
	const general = pick(layer, (name) => !isFormatName(name));
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
	return Object.fromEntries(
		defined.map(([name, value]) => [name, isFormatName(name) && isMap(value) ? withoutUndefined(value) : value]),
	);
}

function pick(options: Options, wanted: (name: string) => boolean): Options {
	return Object.fromEntries(Object.entries(options).filter(([name]) => wanted(name)));
}
