import { RubySymbol, type Value } from "./value.js";

/** A plain scalar that Psych would make a date or a time of, which Puppet takes in no data file. */
export class Timestamp {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}

const TEXT = /^[^\d.:-]?[\p{Alphabetic}_\s!@#$%^&*(){}<>|/\\~;=]/mu;
const TIME = /^-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?))?$/m;
const DATE = /^\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)$/m;
const SEXAGESIMAL = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}$/m;
const SEXAGESIMAL_FLOAT = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}\.[0-9_]*$/m;
const FLOAT = /^[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?$/;
const INTEGER = /^(?:[-+]?0b[0-1_,]+|[-+]?0[0-7_,]+|[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)|[-+]?0x[0-9a-fA-F_,]+)$/;

/**
 * The value of a plain scalar without a tag, as Ruby's Psych types it. It is YAML 1.1 but for some rules of Psych's own:
 * `y` and `n` are texts, `1e3` and `0o14` too, and commas may part the digits of a number.
 *
 * @returns `undefined` where Ruby fails to read it as the number that it looks like
 */
export function psychScalar(text: string): Value | Timestamp | undefined {
	if (text === "") return null;
	if (TEXT.test(text) || text.includes("\n")) return wordOf(text);
	// Puppet refuses these before Psych sees whether there is such a day.
	if (TIME.test(text) || DATE.test(text)) return new Timestamp(text);
	if (/^\+?\.inf$/im.test(text)) return Number.POSITIVE_INFINITY;
	if (/^-\.inf$/im.test(text)) return Number.NEGATIVE_INFINITY;
	if (/^\.nan$/im.test(text)) return Number.NaN;
	if (/^:./m.test(text)) return new RubySymbol(/^:(["'])(.*)\1/.exec(text)?.[2]?.replace(/^:/, "") ?? text.slice(1));
	if (SEXAGESIMAL.test(text)) return text.split(":").reduce((sum, part, index) => sum + wholeSixties(part, index), 0n);
	if (SEXAGESIMAL_FLOAT.test(text)) {
		const number = (part: string) => Number.parseFloat(part.replaceAll("_", "")) || 0;
		return text.split(":").reduce((sum, part, index) => sum + number(part) * 60 ** Math.abs(index - 2), 0);
	}
	if (FLOAT.test(text)) return /^[-+]?\.$/.test(text) ? text : floatOf(text);
	return INTEGER.test(text) ? integerOf(text) : text;
}

function wordOf(text: string): Value {
	const length = [...text].length;
	if (length > 5 || /^[^ytonf~]/im.test(text)) return text;
	if (text === "~" || /^null$/im.test(text)) return null;
	if (/^(?:yes|true|on)$/im.test(text)) return true;
	return /^(?:no|false|off)$/im.test(text) ? false : text;
}

/** Psych counts the powers of sixty from hours down, so `12:30` is 12 hours and a half. */
function wholeSixties(part: string, index: number): bigint {
	return BigInt(part.replaceAll("_", "").replace(/^\+/, "")) * 60n ** BigInt(Math.abs(index - 2));
}

function floatOf(text: string): number | undefined {
	const digits = text.replace(/[,_]|\.([Ee]|$)/g, "$1");
	return /^[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(digits) ? Number(digits) : undefined;
}

function integerOf(text: string): bigint | undefined {
	const [, sign, prefix = "", digits = ""] = /^([-+]?)(0[bx]?)?(.*)$/i.exec(text.replace(/[,_]/g, "")) ?? [];
	if (digits === "") return prefix === "0" ? 0n : undefined;
	const radix = { "0b": "0b", "0x": "0x", "0": "0o" }[prefix] ?? "";
	try {
		const size = BigInt(radix + digits);
		return sign === "-" ? -size : size;
	} catch {
		return undefined;
	}
}
