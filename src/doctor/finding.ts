import { TroclaError } from "../errors.js";

/** What one check found: all well, something to know, or something to mend. */
export interface Finding {
	readonly check: "configuration" | "libcrypt" | "permissions" | "key ring" | "hooks" | "audit" | "server" | "store";
	readonly state: "ok" | "note" | "fault";
	readonly message: string;
	/** What to do about it. */
	readonly mend?: string;
}

export const ok = (check: Finding["check"], message: string): Finding => ({ check, state: "ok", message });

export const note = (check: Finding["check"], message: string, mend: string): Finding => ({
	check,
	state: "note",
	message,
	mend,
});

/** An error of the product as a finding; any other is thrown on. */
export function fault(check: Finding["check"], error: unknown): Finding {
	if (!(error instanceof TroclaError)) throw error;
	return { check, state: "fault", message: error.message, ...(error.hint && { mend: error.hint }) };
}
