import { isArray, isHash, RubySymbol, Sensitive, type Value } from "./value.js";

/** A value as Ruby's `to_s` writes it, which is what stands for it inside a text: nil is empty, a hash `{"a"=>1}`. */
export function rubyText(value: Value): string {
	if (value === null) return "";
	return typeof value === "string" ? value : inspect(value);
}

/** A value as Ruby's `inspect` writes it. */
export function inspect(value: Value): string {
	if (value === null) return "nil";
	if (typeof value === "string") return inspectString(value);
	if (typeof value === "number") return floatText(value);
	if (isArray(value)) return `[${value.map(inspect).join(", ")}]`;
	if (isHash(value)) return `{${[...value].map(([key, member]) => `${inspect(key)}=>${inspect(member)}`).join(", ")}}`;
	if (value instanceof Sensitive) return "Sensitive [value redacted]";
	return value instanceof RubySymbol ? `:${value.name}` : String(value);
}

/** A float as Ruby prints it: always with a point, with an exponent from 1e+15 on and below 0.0001. */
export function floatText(value: number): string {
	if (!Number.isFinite(value)) return String(value);
	if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
	const [, sign = "", first = "", rest = "", exponent = "0"] =
		/^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential()) ?? [];
	const power = Number(exponent);
	const digits = first + rest;
	if (power < -4 || power >= 15) {
		const tens = String(Math.abs(power)).padStart(2, "0");
		return `${sign}${first}.${rest || "0"}e${power < 0 ? "-" : "+"}${tens}`;
	}
	if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${digits}`;
	const whole = digits.slice(0, power + 1).padEnd(power + 1, "0");
	return `${sign}${whole}.${digits.slice(power + 1) || "0"}`;
}

const ESCAPES: { readonly [character: string]: string } = {
	'"': '\\"',
	"\\": "\\\\",
	"\n": "\\n",
	"\t": "\\t",
	"\r": "\\r",
	"\f": "\\f",
	"\v": "\\v",
	"\b": "\\b",
	"\x07": "\\a",
	"\x1b": "\\e",
};

function inspectString(text: string): string {
	const escaped = text.replace(/["\\\p{Cc}]|#(?=[{$@])/gu, (character) => {
		if (character === "#") return "\\#";
		const code = character.charCodeAt(0);
		return ESCAPES[character] ?? `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
	});
	return `"${escaped}"`;
}
