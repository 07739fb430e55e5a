import { DataError, type Place } from "./data-error.js";
import type { Explanation } from "./explain.js";
import { dig, NOT_FOUND, type Outcome, parseKey } from "./key.js";
import { rubyText } from "./ruby-text.js";
import type { Scope } from "./scope.js";
import { type Hash, isArray, isHash, type Value } from "./value.js";

/** What a look-up is done for, and on its way through others. */
export interface Journey {
	readonly scope: Scope;
	/** The keys and variables that are being looked up, the outermost first. */
	readonly stack: readonly string[];
	/** Where the value stands that is interpolated. */
	readonly place: Place;
	/** Hears what is looked up and found, where somebody wants to know. */
	readonly explain?: Explanation | undefined;
}

/** Looks a key up on the way of another look-up; absent where only variables are allowed, as in `hiera.yaml`. */
export type Lookup = (key: string, journey: Journey) => Promise<Outcome>;

/** Look-ups inside of look-ups; far more than any data has, and what the stack takes. */
const MAX_STACK = 500;

/** Whether there is anything in it to interpolate. */
export function isDynamic(value: Value): boolean {
	if (typeof value === "string") return value.includes("%{");
	if (isArray(value)) return value.some(isDynamic);
	return isHash(value) && [...value].some(([key, member]) => isDynamic(key) || isDynamic(member));
}

/**
 * Puts variables and looked-up values into the texts of a value, hash keys too: `%{variable.part}`, `%{lookup('key')}`,
 * `%{hiera('key')}`, `%{alias('key')}`, `%{literal('%')}` and `%{scope('variable')}`; "Interpolation" in Puppet's manual
 * of Hiera. What is unknown is the empty text. Parts without any of these stay the same objects.
 *
 * @throws {DataError} for an unknown method, a loop, a method where none is allowed, an alias inside a text
 */
export async function interpolate(value: Value, journey: Journey, lookup?: Lookup): Promise<Value> {
	if (!isDynamic(value)) return value;
	if (typeof value === "string") return await interpolateText(value, journey, lookup);
	if (isArray(value)) {
		const list: Value[] = [];
		for (const member of value) list.push(isDynamicPart(member) ? await interpolate(member, journey, lookup) : member);
		return list;
	}
	const map = new Map<Value, Value>();
	for (const [key, member] of value as Hash) {
		const name = isDynamicPart(key) ? await interpolate(key, journey, lookup) : key;
		map.set(name, isDynamicPart(member) ? await interpolate(member, journey, lookup) : member);
	}
	return map;
}

/** The same for a part of a dynamic value. A hash or an array is looked through once, since no value changes. */
function isDynamicPart(part: Value): boolean {
	if (!isArray(part) && !isHash(part)) return isDynamic(part);
	const known = DYNAMIC_PARTS.get(part) ?? isDynamic(part);
	DYNAMIC_PARTS.set(part, known);
	return known;
}

const DYNAMIC_PARTS = new WeakMap<object, boolean>();

async function interpolateText(text: string, journey: Journey, lookup: Lookup | undefined): Promise<Value> {
	let result = "";
	let end = 0;
	for (const match of text.matchAll(/%\{([^}]*)\}/g)) {
		const { method, key } = parseExpression(match[1] ?? "", journey, lookup !== undefined);
		if (method === "alias" && match[0] !== text) {
			throw new DataError(journey.place, "alias must be the whole text", "Take lookup() to put it into a text");
		}
		// Most are variables without anything to interpolate in them: no reason to wait.
		const known = method === "scope" ? variable(key, journey.scope, journey.place) : null;
		const isReady = method === "empty" || (method === "scope" && !isDynamic(known));
		const value = isReady ? known : await evaluate(method, key, journey, lookup);
		if (method === "alias") return value;
		result += text.slice(end, match.index) + rubyText(value);
		end = match.index + match[0].length;
	}
	return result + text.slice(end);
}

const METHODS = ["lookup", "hiera", "alias", "literal", "scope"] as const;
type Method = (typeof METHODS)[number];

function parseExpression(
	inside: string,
	{ place }: Journey,
	mayCall: boolean,
): { method: Method | "empty"; key: string } {
	// What nearly all are.
	if (/^[a-z][\w.]*$/i.test(inside)) return { method: "scope", key: inside };
	const expression = inside.replace(/^[\s\0]+|[\s\0]+$/g, "");
	if (/^(["']?)(?:::)?\1$/.test(expression)) return { method: "empty", key: "" };
	const [, name, double, single] = /^(\w+)\((?:"([^"]+)"|'([^']+)')\)$/m.exec(expression) ?? [];
	if (name === undefined) return { method: "scope", key: expression };
	if (!mayCall) throw new DataError(place, `${name}() can't be called here`, "Only variables may stand in hiera.yaml");
	const method = METHODS.find((known) => known === name);
	if (method) return { method, key: double ?? single ?? "" };
	throw new DataError(place, `${name}() is no interpolation method`, `There are: ${METHODS.join(", ")}`);
}

async function evaluate(method: Method, key: string, journey: Journey, lookup: Lookup | undefined): Promise<Value> {
	const value = await evaluateOnce(method, key, journey, lookup);
	if (method === "alias") return value;
	// What comes out may have something to interpolate in it again; it is on the way by its own name meanwhile.
	return await interpolate(value, descend(journey, method === "scope" ? `scope:${key}` : key), lookup);
}

async function evaluateOnce(method: Method, key: string, journey: Journey, lookup: Lookup | undefined): Promise<Value> {
	if (method === "literal") return key;
	if (method === "scope" || !lookup) return variable(key, journey.scope, journey.place);
	const found = await lookup(key, journey);
	return found === NOT_FOUND ? "" : found;
}

/** The value of a variable, or of a part of one: `facts.os.family`; nil where there is none. */
export function variable(text: string, scope: Scope, place: Place): Value {
	const key = parseKey(text, place);
	scope.use(text, key.root);
	const value = scope.get(key.root);
	const found = value === undefined || value === null ? NOT_FOUND : dig(key, value, place);
	return found === NOT_FOUND ? null : found;
}

/**
 * The journey inside of what is looked up by this name.
 *
 * @throws {DataError} where the journey is there already
 */
export function descend(journey: Journey, name: string, place = journey.place): Journey {
	const { stack } = journey;
	if (stack.includes(name)) {
		const circle = [...stack.slice(stack.indexOf(name)), name].join(" -> ");
		throw new DataError(journey.place, `the look-up goes round in a circle: ${circle}`, "Break it at one of them");
	}
	if (stack.length >= MAX_STACK) throw new DataError(journey.place, `more than ${MAX_STACK} look-ups in one another`);
	return { ...journey, stack: [...stack, name], place };
}
