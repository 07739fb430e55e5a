import {
	defineMappingTag,
	defineScalarTag,
	defineSequenceTag,
	FAILSAFE_SCHEMA,
	load,
	realMapTag,
	YAMLException,
} from "js-yaml";
import { decodeBase64 } from "./base64.js";
import { Rational, type RubyMap, type RubyValue } from "./marshal.js";

/**
 * Reads a YAML document as values of Ruby's: texts stay texts, whatever they look like, since a store of passwords has
 * nothing else. `!binary` is bytes, `!ruby/object:Rational` a Rational, and what has any other tag is null.
 *
 * @throws {SyntaxError} with the reason, and nothing of the text
 */
export function parseRubyYaml(text: string): RubyValue {
	try {
		// The schema makes nothing but these.
		return load(text, { schema }) as RubyValue;
	} catch (error) {
		if (!(error instanceof YAMLException)) throw error;
		// Some reasons quote what they are about, and that may be half a password.
		throw new SyntaxError(error.reason.replace(/\s*["'<!:].*$/s, ""));
	}
}

const never = () => false;

const map = (tagName: string, finalize: (map: RubyMap) => RubyValue, matchByTagPrefix = false) =>
	defineMappingTag<RubyMap, RubyValue>(tagName, {
		matchByTagPrefix,
		create: () => new Map(),
		addPair(map, key, value) {
			// Both are values that this schema made.
			map.set(key as RubyValue, value as RubyValue);
			return "";
		},
		has: (map, key) => map.has(key as RubyValue),
		keys: () => [],
		get: () => undefined,
		finalize,
		identify: never,
	});

const binary = (tagName: string) =>
	defineScalarTag<RubyValue>(tagName, {
		resolve: (source) => decodeBase64(source.replace(/[ \t]/g, "")) ?? null,
		identify: never,
	});

const schema = FAILSAFE_SCHEMA.withTags(
	realMapTag,
	binary("!binary"),
	binary("tag:yaml.org,2002:binary"),
	map("!ruby/object:Rational", readRational),
	map("!", () => null, true),
	defineScalarTag<RubyValue>("!", { matchByTagPrefix: true, resolve: () => null, identify: never }),
	defineSequenceTag<null>("!", { matchByTagPrefix: true, create: () => null, addItem: () => {}, identify: never }),
);

function readRational(map: RubyMap): RubyValue {
	const [numerator, denominator] = [map.get("numerator"), map.get("denominator")].map((part) =>
		typeof part === "string" && /^-?\d+$/.test(part) ? BigInt(part) : undefined,
	);
	return numerator !== undefined && denominator ? new Rational(numerator, denominator) : null;
}
