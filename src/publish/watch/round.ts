import { type ErrorCode, TroclaError } from "../../errors.js";
import type { Publication } from "../publish.js";

/** What one run of many did. */
export type Round =
	| { readonly kind: "published"; readonly publication: Publication }
	/** All is as it was published. */
	| { readonly kind: "same" }
	| Failure;

/** Nothing was published; it is tried again. */
export interface Failure {
	readonly kind: "failed";
	readonly error: Error;
	/** Data with a fault by a change of it; a store that is locked or a full disk by time, for what we know. */
	readonly mendedBy: "change" | "time";
}

export function failure(thrown: unknown): Failure {
	const error = thrown instanceof Error ? thrown : new Error(String(thrown));
	const isFaulty = isHopeless(error) || (error instanceof TroclaError && error.code === "data");
	return { kind: "failed", error, mendedBy: isFaulty ? "change" : "time" };
}

const HOPELESS: readonly ErrorCode[] = ["config", "invalid", "not_found"];

/** Whether it is what was asked for that can't be done. */
export const isHopeless = (error: Error) => error instanceof TroclaError && HOPELESS.includes(error.code);
