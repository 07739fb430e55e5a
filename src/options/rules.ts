import * as v from "valibot";
import type { Format } from "../../formats/format.js";
import type { FormatName, Formats } from "../../formats/index.js";
import { text, wholeNumber } from "../../formats/schema.js";
import { type ErrorCode, TroclaError } from "../errors.js";
import { characterClasses, charsetNames } from "../generate/charsets.js";
import { didYouMean } from "../nearest.js";
import { MAX_EXPIRES, type Options } from "../records/record.js";
import { isMap, quoteValue as quote } from "../value.js";

const RENDER_RULE = "must be a part's name, or a map with one part that is true";
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
	render: v.union(
		[
			text(),
			v.pipe(
				v.record(v.string(), v.boolean()),
				v.check((parts) => partsOf(parts).length <= 1, RENDER_RULE),
			),
		],
		RENDER_RULE,
	),
};

export const isRecipeOption = (name: string) => Object.hasOwn(recipeOptions, name);
export const isGeneralOption = (name: string): name is keyof typeof generalOptions =>
	Object.hasOwn(generalOptions, name);

/** The parts that a map like `{certonly: true}` asks for. */
const partsOf = (render: object) => Object.keys(render).filter((part) => Reflect.get(render, part) === true);

/** The part of a value that is asked for, as `certonly` or as the Ruby trocla's `{certonly: true}`. */
export function partAsked({ render }: Options): string | undefined {
	return isMap(render) ? partsOf(render)[0] : (render as string | undefined);
}

/** Every name that an option may have, whatever the format. */
export function optionNames(formats: Formats): readonly string[] {
	return [...new Set([...Object.keys(generalOptions), ...formats.names.flatMap((name) => formats.optionNames(name))])];
}

/** Where options stand, and what is said of it. */
interface Place {
	readonly code: ErrorCode;
	/** Begins the message, as `options of profile login`. */
	readonly where: string;
}

/**
 * Checks the names of all options, and the values of those that are not a format's own.
 *
 * @param where - what the options belong to, for the message: `options of profile login`
 * @throws {TroclaError} with this code
 */
export function checkOptions(formats: Formats, options: Options, code: ErrorCode, where = "option"): void {
	const known = optionNames(formats);
	for (const [name, value] of Object.entries(options)) {
		if (!formats.has(name)) continue;
		if (!isMap(value))
			throw new TroclaError(code, `${where} ${name} must be a map of its options, not ${quote(value)}`);
		const inner = Object.keys(value).find((option) => formats.has(option));
		if (inner !== undefined) {
			throw new TroclaError(
				code,
				`${where} ${name}: ${inner} is a format`,
				"A format's options hold no other format's: put them beside each other",
			);
		}
		checkLayer(value, { code, where: `${where} ${name}:` }, known, known);
	}
	const general = Object.fromEntries(Object.entries(options).filter(([name]) => !formats.has(name)));
	checkLayer(general, { code, where }, known, [...known, ...formats.names]);
}

/** @param nearby - what may be meant by a name that is not among the options */
function checkLayer(options: Options, { code, where }: Place, names: readonly string[], nearby: readonly string[]) {
	const fail = (message: string, hint?: string) => new TroclaError(code, `${where} ${message}`, hint);
	for (const [name, value] of Object.entries(options)) {
		if (!names.includes(name)) throw fail(`${quote(name)} is not known`, didYouMean(name, nearby));
		if (isGeneralOption(name)) checkGeneral(name, value, fail);
	}
	if (options.words === undefined) return;
	const other = Object.keys(options).find((name) => isRecipeOption(name) && name !== "words");
	if (other) throw fail(`words can't go with ${other}`, "A passphrase is made of words only: leave one of them out");
}

function checkGeneral(
	name: keyof typeof generalOptions,
	value: unknown,
	fail: (message: string, hint?: string) => TroclaError,
): void {
	if (name === "charset" && typeof value === "string" && !charsetNames.some((known) => known === value)) {
		throw fail(`charset: ${quote(value)} is not known`, didYouMean(value, charsetNames));
	}
	if (name === "require" && isMap(value)) {
		const unknown = Object.keys(value).find((key) => !characterClasses.some((known) => known === key));
		if (unknown !== undefined)
			throw fail(`require: ${quote(unknown)} is not known`, didYouMean(unknown, characterClasses));
	}
	const result = v.safeParse(generalOptions[name], value, { abortEarly: true });
	if (result.success) return;
	const [issue] = result.issues;
	const path = [name, ...(issue.path ?? []).map((step) => String(step.key))];
	throw fail(`${path.join(".")} ${issue.message}, not ${quote(issue.input)}`);
}

/** Where an option's value comes from. */
export interface Source {
	readonly code: "invalid" | "config";
	/** Begins the message. */
	readonly where: string;
}

/**
 * The format's own options, checked and with their defaults.
 *
 * @param from - says of an option where its value comes from; unless told, from the call
 * @throws {TroclaError} `invalid`, or `config` where the value comes from there
 */
export function checkOwnOptions(
	name: FormatName,
	{ options: schema, secretOptions = [] }: Pick<Format, "options" | "secretOptions">,
	own: Options,
	from: (option: string) => Source = () => ({ code: "invalid", where: "" }),
): Options {
	const result = v.safeParse(schema, own, { abortEarly: true });
	if (result.success) return result.output;
	const [issue] = result.issues;
	const path = issue.path?.map((step) => String(step.key)) ?? [];
	const { code, where } = from(path[0] ?? "");
	const not = secretOptions.includes(path[0] ?? "") ? "" : `, not ${quote(issue.input)}`;
	throw new TroclaError(code, `${where}option ${path.join(".")} of ${name} ${issue.message}${not}`);
}
