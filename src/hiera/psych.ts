import {
	type AliasEvent,
	EVENT_ID,
	type Event,
	getScalarValue,
	type MappingEvent,
	SCALAR_STYLE,
	type ScalarEvent,
	type SequenceEvent,
} from "js-yaml";
import { type KeyLines, keyText, LineCounter, type Wanted } from "./key-lines.js";
import { psychScalar, Timestamp } from "./psych-scalar.js";
import { parseSyntax, YamlError } from "./psych-syntax.js";
import { type Hash, isArray, isHash, RubySymbol, type Value } from "./value.js";

export interface YamlDocument {
	readonly value: Value;
	readonly lines: KeyLines;
}

export interface PsychOptions {
	/**
	 * Take tagged Ruby objects for hashes and dates for texts, as in the files where Puppet keeps its own objects, instead of
	 * refusing them.
	 */
	readonly objects?: boolean;
	/** `top` unless told. What stands in a map by a merge key has the line where it is written. */
	readonly lines?: Wanted;
}

/**
 * The first document of a YAML text, as Ruby's Psych loads it for Puppet: only plain data and symbols. An empty text is
 * nil.
 *
 * @throws {YamlError}
 */
export function parsePsych(text: string, options: PsychOptions = {}): YamlDocument {
	const { source, events } = parseSyntax(text);
	return events.length === 0 ? { value: null, lines: new Map() } : new Loader(source, events, options).document();
}

/** Builds values out of the parser's events, in the order in which Psych visits its nodes. */
class Loader {
	readonly #source: string;
	readonly #events: readonly Event[];
	readonly #objects: boolean;
	readonly #wanted: Wanted;
	readonly #counter: LineCounter;
	readonly #anchors = new Map<string, Value | undefined>();
	readonly #lines = new Map<Hash, ReadonlyMap<string, number>>();
	#next = 1;
	#depth = 0;

	constructor(source: string, events: readonly Event[], { objects = false, lines = "top" }: PsychOptions) {
		this.#source = source;
		this.#events = events;
		this.#objects = objects;
		this.#wanted = lines;
		this.#counter = new LineCounter(source);
	}

	document(): YamlDocument {
		return { value: this.#node(), lines: this.#lines };
	}

	#node(): Value {
		const event = this.#take();
		if (event.type === EVENT_ID.ALIAS) return this.#alias(event);
		if (event.type === EVENT_ID.SCALAR) return this.#anchor(event, this.#scalar(event));
		if (event.type !== EVENT_ID.SEQUENCE && event.type !== EVENT_ID.MAPPING) return null;
		// Until it is complete, a reference to it is one of a value to itself.
		if (event.anchorStart >= 0) this.#anchors.set(this.#slice(event.anchorStart, event.anchorEnd), undefined);
		this.#depth++;
		const value = event.type === EVENT_ID.SEQUENCE ? this.#sequence(event) : this.#mapping(event);
		this.#depth--;
		return this.#anchor(event, value);
	}

	#take(): Event {
		const event = this.#events[this.#next++];
		if (!event) throw new YamlError("not YAML: it ends too soon", undefined);
		return event;
	}

	#isEnd(): boolean {
		if (this.#events[this.#next]?.type !== EVENT_ID.POP) return false;
		this.#next++;
		return true;
	}

	#alias({ anchorStart, anchorEnd }: AliasEvent): Value {
		const name = this.#slice(anchorStart, anchorEnd);
		const value = this.#anchors.get(name);
		if (value !== undefined) return value;
		const why = this.#anchors.has(name) ? "is inside the value that it stands for" : "has no anchor before it";
		throw this.#fail(`an alias ${why}; a text that begins with * needs quotes`, anchorStart);
	}

	#anchor({ anchorStart, anchorEnd }: ScalarEvent | SequenceEvent | MappingEvent, value: Value): Value {
		if (anchorStart >= 0) this.#anchors.set(this.#slice(anchorStart, anchorEnd), value);
		return value;
	}

	#sequence(event: SequenceEvent): Value {
		const tag = this.#tag(event);
		if (tag !== undefined && /^!(?:seq|ruby\/array):/.test(tag)) throw this.#refuse(tag, event.start);
		const list: Value[] = [];
		while (!this.#isEnd()) list.push(this.#node());
		return tag !== undefined && isOmap(tag) ? new Map(list.filter(isHash).flatMap((pair) => [...pair])) : list;
	}

	#mapping(event: MappingEvent): Value {
		const tag = this.#tag(event);
		if (tag !== undefined && !this.#isPlainMap(tag)) throw this.#refuse(tag, event.start);
		const map = new Map<Value, Value>();
		const lines = this.#wanted === "all" || this.#depth === 1 ? new Map<string, number>() : undefined;
		if (lines) this.#lines.set(map, lines);
		while (!this.#isEnd()) {
			const keyEvent = this.#events[this.#next];
			const key = nameOf(this.#node());
			// Before those of the value: lines are asked for in their order.
			const keyLine = lines && this.#keyLine(keyEvent);
			const valueEvent = this.#events[this.#next];
			const value = this.#node();
			const merged = key === "<<" && !this.#isText(keyEvent) ? mergedPairs(valueEvent, value) : undefined;
			for (const [name, member] of merged ?? [[key, value] as const]) {
				map.set(name, member);
				const text = lines && keyText(name);
				const line = (merged && this.#mergedLine(name, value)) ?? keyLine;
				if (text !== undefined && line !== undefined) lines?.set(text, line);
			}
		}
		return map;
	}

	#keyLine(event: Event | undefined): number | undefined {
		if (event?.type === EVENT_ID.ALIAS) return this.#lineOf(event.anchorStart);
		return event?.type === EVENT_ID.SCALAR && event.valueStart >= 0 ? this.#lineOf(event.valueStart) : undefined;
	}

	/** Where a key stands in the map, or the list of maps, that a merge key has. */
	#mergedLine(name: Value, merged: Value): number | undefined {
		const maps = isArray(merged) ? merged.filter(isHash) : isHash(merged) ? [merged] : [];
		const map = maps.find((one) => one.has(name));
		return map && this.#lines.get(map)?.get(keyText(name) ?? "");
	}

	/** Tags that Puppet lets Psych load as what they look like; all others name a class or a type of YAML 1.1's. */
	#isPlainMap(tag: string): boolean {
		if (tag === "!ruby/object:Hash") return true;
		if (/^!ruby\/(?:object|hash|struct)/.test(tag)) return this.#objects;
		return !/^(?:!ruby\/|!map:|!set$|!omap$|!str|tag:yaml\.org,2002:(?:set|omap|str)$)/.test(tag);
	}

	#scalar(event: ScalarEvent): Value {
		const text = getScalarValue(this.#source, event);
		const tag = this.#tag(event);
		if (tag === undefined) {
			return event.style === SCALAR_STYLE.PLAIN || event.tagStart >= 0 ? this.#typed(text, event) : text;
		}
		if (/^!(?:str|ruby\/string)$|^tag:yaml\.org,2002:str$/.test(tag)) return text;
		if (/^!ruby\/sym(?:bol)?(?::|$)/.test(tag)) return new RubySymbol(text);
		if (tag === "!binary" || tag === "tag:yaml.org,2002:binary") return this.#binary(text, event);
		if (tag === "!float" || tag === "tag:yaml.org,2002:float") return this.#float(text, event);
		if (/^!(?:ruby\/|str:)/.test(tag)) {
			if (this.#objects) return text;
			throw this.#refuse(tag, event.valueStart);
		}
		return this.#typed(text, event);
	}

	#typed(text: string, event: ScalarEvent): Value {
		const value = psychScalar(text);
		if (value === undefined) throw this.#fail("a value looks like a number, and is none", event.valueStart);
		if (!(value instanceof Timestamp)) return value;
		if (this.#objects) return text;
		throw this.#fail("a value is a date, which Puppet refuses; as a text it needs quotes", event.valueStart);
	}

	#float(text: string, event: ScalarEvent): Value {
		const value = this.#typed(text, event);
		const number = typeof value === "string" ? Number(value.trim() || "x") : value;
		if (typeof number === "number" && !(Number.isNaN(number) && typeof value === "string")) return number;
		if (typeof number === "bigint") return Number(number);
		throw this.#fail("a value has the tag of floats, and is none", event.valueStart);
	}

	#binary(text: string, event: ScalarEvent): Value {
		try {
			return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, "base64"));
		} catch {
			throw this.#fail("a !binary value is not UTF-8", event.valueStart);
		}
	}

	/** `undefined` also for the tag `!`, which says nothing. */
	#tag({ tagStart, tagEnd }: ScalarEvent | SequenceEvent | MappingEvent): string | undefined {
		if (tagStart < 0) return undefined;
		const tag = this.#slice(tagStart, tagEnd);
		if (tag === "!") return undefined;
		const verbatim = /^!<(.*)>$/.exec(tag)?.[1];
		return verbatim ?? tag.replace(/^!!/, "tag:yaml.org,2002:");
	}

	#isText(event: Event | undefined): boolean {
		return event?.type === EVENT_ID.SCALAR && this.#tag(event) === "tag:yaml.org,2002:str";
	}

	#slice(start: number, end: number): string {
		return this.#source.slice(start, end);
	}

	#lineOf(offset: number): number {
		return this.#counter.at(offset);
	}

	#fail(message: string, offset: number): YamlError {
		return new YamlError(message, offset < 0 ? undefined : this.#lineOf(offset));
	}

	#refuse(tag: string, offset: number): YamlError {
		const [kind] = /^!(?:ruby\/\w+|set|omap)/.exec(tag.replace("tag:yaml.org,2002:", "!")) ?? [];
		const what = kind === undefined ? "a tag" : `a tag (${kind})`;
		return this.#fail(`${what} is refused, by Puppet too; a text that begins with ! needs quotes`, offset);
	}
}

const isOmap = (tag: string) => tag === "!omap" || tag === "tag:yaml.org,2002:omap";

/** A symbol as a key is its text. */
function nameOf(key: Value): Value {
	return key instanceof RubySymbol ? key.name : key;
}

/** The pairs of a merge key's map, or of its list of maps, in which the first goes over the later ones. */
function mergedPairs(event: Event | undefined, value: Value): Iterable<readonly [Value, Value]> | undefined {
	if (event?.type === EVENT_ID.SCALAR) return undefined;
	if (isHash(value)) return value;
	if (event?.type !== EVENT_ID.SEQUENCE || !isArray(value) || !value.every(isHash)) return undefined;
	const merged = new Map<Value, Value>();
	for (const map of value.toReversed()) for (const [key, member] of map) merged.set(key, member);
	return merged;
}
