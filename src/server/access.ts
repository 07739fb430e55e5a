import type { ServeRuleInput, ServeWho } from "../config/input.js";
import type { ServeAction } from "../config/serve.js";
import { type Glob, matches, readGlob } from "./glob.js";
import { nameOf, type Subject } from "./subject.js";

/** What somebody may do. */
export interface Grants {
	/** With this key. */
	allows(action: ServeAction, key: string): boolean;
	/** With any key at all, or without one. */
	allowsSome(action: ServeAction): boolean;
}

const EVERYTHING: Grants = { allows: () => true, allowsSome: () => true };

/** Subjects whose grants are remembered: reading the globs again for each request would take longer than a look-up. */
const MOST_REMEMBERED = 10_000;

/**
 * The rules of a configuration. What no rule allows is refused; but on the socket, which its file's mode guards,
 * everything is allowed as long as no rule is for it.
 */
export class Access {
	readonly #rules: readonly ServeRuleInput[];
	readonly #isSocketOpen: boolean;
	readonly #remembered = new Map<string, Grants>();

	constructor(rules: readonly ServeRuleInput[]) {
		this.#rules = rules;
		this.#isSocketOpen = !rules.some((rule) => whoOf(rule).includes("socket"));
	}

	of(subject: Subject): Grants {
		if (subject.kind === "socket" && this.#isSocketOpen) return EVERYTHING;
		// Where they come from makes no difference to what they may.
		const name = subject.kind === "certificate" || subject.kind === "token" ? nameOf(subject) : subject.kind;
		const known = this.#remembered.get(name);
		if (known) return known;
		if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
		const grants = grantsOf(this.#rules, subject);
		this.#remembered.set(name, grants);
		return grants;
	}
}

const whoOf = ({ who }: ServeRuleInput): readonly ServeWho[] => [who].flat();

function grantsOf(rules: readonly ServeRuleInput[], subject: Subject): Grants {
	const certname = subject.kind === "certificate" ? subject.name : undefined;
	const granted = new Map<string, Glob[]>();
	for (const rule of rules.filter((rule) => whoOf(rule).some((who) => isMeant(who, subject)))) {
		const globs = rule.keys.map((glob) => readGlob(glob, certname));
		for (const action of rule.may) granted.set(action, [...(granted.get(action) ?? []), ...globs]);
	}
	return {
		allows: (action, key) => granted.get(action)?.some((glob) => matches(glob, key)) ?? false,
		allowsSome: (action) => granted.has(action),
	};
}

function isMeant(who: ServeWho, subject: Subject): boolean {
	if (who === "anyone") return true;
	if (who === "socket") return subject.kind === "socket";
	if ("token" in who) return subject.kind === "token" && subject.name === who.token;
	// A certificate's name has no `/`, so that `*` is any text in it.
	return subject.kind === "certificate" && matches(readGlob(who.certificate, undefined), subject.name);
}
