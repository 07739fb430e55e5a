import type { Format, Operation, Seen } from "./operation.js";

/** One key as DESIGN.md describes it: what is stored, and which operation has claimed its plaintext. */
export interface KeyState extends Seen {
	readonly claim?: number;
}

export const ABSENT: KeyState = {};

/** Whether no operation so far has had to do with a value, so that it may be a new random one. */
export type IsNew = (value: string) => boolean;

/**
 * The key after an operation that comes next; `undefined` where what it was answered can't be.
 *
 * What was made and never shown is `?ID`: it becomes the first value that is seen of it.
 */
export function step(state: KeyState, { id, call, answer }: Operation, isNew: IsNew): KeyState | undefined {
	const made = `?${id}`;
	const refused = answer !== "unknown" && "refused" in answer ? answer.refused : undefined;
	/** The state where this value is the one that the caller was given. */
	const giving = (next: KeyState, value: string | undefined): KeyState | undefined => {
		if (answer === "unknown") return next;
		return "value" in answer ? unify(next, value, answer.value ?? undefined, isNew) : undefined;
	};
	const refusing = (why: typeof refused) => (answer === "unknown" || refused === why ? state : undefined);
	const ending = (next: KeyState, done: "done" | "stale") =>
		answer === "unknown" || ("done" in answer && answer.done === done) ? next : undefined;

	switch (call.do) {
		case "peek":
		case "get": {
			const stored = state[call.format];
			if (stored !== undefined) {
				return call.format === "plain" && isClaimed(state) ? refusing("claimed") : giving(state, stored);
			}
			if (call.do === "peek") return giving(state, undefined);
			const next = derived(state, call.format, made);
			return next ? giving(next, next[call.format]) : refusing("no_plaintext");
		}
		case "reset": {
			const next = call.format === "plain" ? { plain: made } : derived(state, call.format, made);
			return next ? giving(next, next[call.format]) : refusing("no_plaintext");
		}
		case "set":
			return ending({ plain: call.plain }, "done");
		case "delete": {
			const gone = call.format === "all" ? state : { [call.format]: state[call.format] };
			if (!FORMATS.some((format) => gone[format] !== undefined)) return giving(state, undefined);
			if (call.format !== "mysql" && call.format !== "ssha" && isClaimed(state)) return refusing("claimed");
			const next = call.format === "all" ? ABSENT : without(state, call.format);
			if (answer === "unknown") return next;
			return "deleted" in answer ? unifyAll(next, gone, answer.deleted, isNew) : undefined;
		}
		case "claim":
			if (state.plain === undefined) return refusing("not_found");
			if (isClaimed(state)) return refusing("claimed");
			return giving({ ...state, claim: id }, state.plain);
		case "remove":
			if (state.claim !== call.claim) return ending(state, "stale");
			return ending(without(without(state, "claim"), "plain"), "done");
		case "unclaim":
			return ending(state.claim === call.claim ? without(state, "claim") : state, "done");
	}
}

const FORMATS = ["plain", "mysql", "ssha"] as const;

const isClaimed = (state: KeyState) => state.claim !== undefined;

/** The key with a format made out of its plaintext, or of a new one; `undefined` where it has hashes alone. */
function derived(state: KeyState, format: Format, made: string): KeyState | undefined {
	const plain = state.plain ?? (FORMATS.some((name) => state[name] !== undefined) ? undefined : made);
	if (plain === undefined) return undefined;
	// Of one operation's names the salted hash has another than the password.
	return { ...state, plain, ...(format !== "plain" && { [format]: format === "ssha" ? `${made}s` : plain }) };
}

function without(state: KeyState, member: keyof KeyState): KeyState {
	const { [member]: _, ...rest } = state;
	return rest;
}

/** The state where a stored value is the one that was seen. */
function unify(state: KeyState, stored: string | undefined, seen: string | undefined, isNew: IsNew) {
	if (stored === seen) return state;
	if (stored === undefined || seen === undefined || !stored.startsWith("?") || !isNew(seen)) return undefined;
	const known = Object.entries(state).map(([name, value]) => [name, value === stored ? seen : value]);
	return Object.fromEntries(known) as KeyState;
}

function unifyAll(state: KeyState, stored: Seen, seen: Seen, isNew: IsNew): KeyState | undefined {
	let next: KeyState | undefined = state;
	// A password that nobody saw is seen as both its plaintext and its hash, the same.
	const names = new Map<string, string>();
	for (const format of FORMATS) {
		const value = stored[format];
		const known = value === undefined ? undefined : (names.get(value) ?? value);
		next = next && unify(next, known, seen[format], isNew);
		if (value !== undefined && seen[format] !== undefined) names.set(value, seen[format]);
	}
	return next;
}
