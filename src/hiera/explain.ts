import { inspect } from "./ruby-text.js";
import type { Value } from "./value.js";

/** A step of a look-up: what was done, what came out, and the steps inside of it. */
export interface Step {
	readonly what: string;
	/** What was found; absent where nothing was. */
	found?: Value;
	/** Why there is nothing: `no such key`, `no such file`. */
	missing?: string;
	readonly steps: Step[];
}

/** Takes down how a look-up went. */
export class Explanation {
	readonly root: Step;

	constructor(root: Step = { what: "", steps: [] }) {
		this.root = root;
	}

	/** One that takes down what happens inside of a new step. */
	step(what: string): Explanation {
		const step: Step = { what, steps: [] };
		this.root.steps.push(step);
		return new Explanation(step);
	}

	found(value: Value): void {
		this.root.found = value;
	}

	missing(why: string): void {
		this.root.missing = why;
	}
}

/** The explanation for people: a step a line, what is inside of it indented. */
export function explanationText({ root }: Explanation): string {
	return root.steps.flatMap((step) => stepLines(step, "")).join("\n");
}

function stepLines({ what, found, missing, steps }: Step, indent: string): string[] {
	const outcome = found !== undefined ? `: ${inspect(found)}` : missing !== undefined ? `: ${missing}` : "";
	return [`${indent}${what}${outcome}`, ...steps.flatMap((step) => stepLines(step, `${indent}  `))];
}

/** The same as a value, for programs. */
export function explanationValue({ root }: Explanation): Value {
	return root.steps.map(stepValue);
}

function stepValue({ what, found, missing, steps }: Step): Value {
	const pairs: [Value, Value][] = [["step", what]];
	if (found !== undefined) pairs.push(["found", found]);
	if (missing !== undefined) pairs.push(["missing", missing]);
	if (steps.length > 0) pairs.push(["steps", steps.map(stepValue)]);
	return new Map(pairs);
}
