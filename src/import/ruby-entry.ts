import type { Foreign } from "./foreign.js";
import { parseMarshal, Rational, type RubyMap, RubySymbol, type RubyValue } from "./marshal.js";
import { type Decrypt, looksEncrypted } from "./ruby-ssl.js";
import { decodeUtf8 } from "./utf8.js";

/** Where the Ruby trocla notes a key's period, in seconds, among its formats. */
const PERIOD = "_expires";

/**
 * One entry of a Ruby trocla's store: a map of formats to values, or, with an expiry, the list of that map and the
 * second since the epoch at which it ends.
 *
 * @param decrypt - opens the values; `undefined` where they are not encrypted
 */
export function* readEntry(key: string, entry: RubyValue, decrypt: Decrypt | undefined): Generator<Foreign> {
	const [map, end] = Array.isArray(entry) ? entry : [entry];
	if (!(map instanceof Map)) return yield { key, fault: "is not a map of formats to values", hint: BROKEN };
	const endsAt = Array.isArray(entry) ? readEnd(end) : undefined;
	if (endsAt === "wrong") return yield { key, fault: "has an expiry that is not a time", hint: BROKEN };

	const formats: [format: string, value: string][] = [];
	for (const [name, stored] of map) {
		const format = readText(name);
		if (format === PERIOD) continue;
		const read: Value = format === undefined ? { fault: "with a strange name" } : readValue(stored, decrypt);
		if (format !== undefined && read.text !== undefined) formats.push([format, asPrinted(format, read.text)]);
		else yield { key, fault: `has a ${format ?? "format"} ${read.fault}`, hint: read.hint ?? BROKEN };
	}
	if (formats.length === 0) return;
	const seconds = endsAt && readPeriod(map);
	yield {
		key,
		formats: Object.fromEntries(formats),
		...(endsAt && { endsAt }),
		...(seconds !== undefined && { seconds }),
	};
}

const BROKEN = "See what the Ruby trocla says of it, then set it by hand";

/**
 * A key as trocla names it: the Ruby library also takes a symbol, which moneta then writes in Marshal.
 * `undefined` for what is no text.
 */
export function keyOf(name: RubyValue): string | undefined {
	const bytes = typeof name === "string" ? Buffer.from(name) : name;
	if (!(bytes instanceof Uint8Array && bytes[0] === 4 && bytes[1] === 8)) return readText(name);
	try {
		return readText(parseMarshal(bytes));
	} catch {
		return undefined;
	}
}

/** A key that is no text has no name to be reported under. */
export function strangeKey(name: RubyValue): Foreign {
	const bytes = name instanceof Uint8Array ? Buffer.from(name).toString("hex") : "";
	return { key: `(bytes ${bytes.slice(0, 40)})`, fault: "is not UTF-8, as a key must be", hint: BROKEN };
}

/** A value's text, or a fault that follows its format. */
type Value =
	| { readonly text: string; readonly fault?: undefined; readonly hint?: undefined }
	| { readonly text?: undefined; readonly fault: string; readonly hint?: string };

const ENCRYPTED: Value = {
	fault: "that is encrypted, and no key is known",
	hint: "Name the Ruby trocla's configuration with --source: it says where the key is",
};

function readValue(stored: RubyValue, decrypt: Decrypt | undefined): Value {
	if (!(typeof stored === "string" || stored instanceof Uint8Array)) return { fault: "that is not a text" };
	const bytes = Buffer.from(stored);
	if (!decrypt && looksEncrypted(bytes.toString("latin1"))) return ENCRYPTED;
	const opened = decrypt ? decrypt(bytes.toString("latin1")) : bytes;
	if (!opened) return { fault: "that the private key does not open" };
	const text = decodeUtf8(opened);
	if (text === undefined) return { fault: "that is not UTF-8" };
	// A file that was cut at the end of a line is still YAML.
	return begins(text) > ends(text) ? { fault: "that is cut off: its -----END is missing" } : { text };
}

const begins = (text: string) => text.match(/^-----BEGIN [A-Z0-9 ]+-----$/gm)?.length ?? 0;
const ends = (text: string) => text.match(/^-----END [A-Z0-9 ]+-----/gm)?.length ?? 0;

/** The value as the Ruby trocla prints it: a key pair of WireGuard is YAML in its store, and two lines for its users. */
function asPrinted(format: string, text: string): string {
	const [, priv] = /^wg_priv: *["']?([A-Za-z0-9+/]{43}=)["']?$/m.exec(text) ?? [];
	const [, pub] = /^wg_pub: *["']?([A-Za-z0-9+/]{43}=)["']?$/m.exec(text) ?? [];
	return format === "wireguard" && priv !== undefined && pub !== undefined ? `pub: ${pub}\npriv: ${priv}` : text;
}

function readText(value: RubyValue): string | undefined {
	if (typeof value === "string") return value;
	if (value instanceof RubySymbol) return value.name;
	return value instanceof Uint8Array ? decodeUtf8(value) : undefined;
}

function readEnd(end: RubyValue | undefined): Date | "wrong" {
	const seconds = readNumber(end);
	const date = new Date(seconds === undefined ? Number.NaN : Math.round(seconds * 1000));
	return Number.isNaN(date.getTime()) ? "wrong" : date;
}

function readNumber(value: RubyValue | undefined): number | undefined {
	if (value instanceof Rational) {
		const milliseconds = (value.numerator * 1000n) / value.denominator;
		return Number(milliseconds) / 1000;
	}
	const isNumber = typeof value === "string" ? /^\d+(\.\d+)?$/.test(value) : /^(bigint|number)$/.test(typeof value);
	return isNumber ? Number(value) : undefined;
}

/** The period, where it was written down: a format that was set with an expiry of its own left none. */
function readPeriod(map: RubyMap): number | undefined {
	const [, period] = [...map].find(([name]) => readText(name) === PERIOD) ?? [];
	const seconds = readNumber(period);
	return seconds !== undefined && seconds > 0 ? seconds : undefined;
}
