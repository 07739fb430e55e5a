import { TroclaError } from "../src/errors.js";
import { OutputError } from "./output.js";

/** What is told of an error: the object under `error` where it is told as JSON. */
export interface Told {
	readonly code: string;
	readonly message: string;
	readonly hint?: string | undefined;
}

/** What to tell of whatever was thrown. */
export function explain(error: Error): Told {
	if (error instanceof TroclaError) return error;
	const { message } = error;
	if (error instanceof OutputError) {
		return { code: "output", message: `standard output can't be written: ${message}`, hint: error.hint };
	}
	const hint = "This should not happen. Run it again with --trace to see where it came from";
	return { code: "unexpected", message, hint };
}
