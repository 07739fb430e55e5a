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
