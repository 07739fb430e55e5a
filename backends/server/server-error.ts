import { BackendError, type BackendFault } from "../backend.js";
import { isConnectionLost, isNotConnected } from "./connection-error.js";

/**
 * What an error of a database server says of the statement that it answers.
 *
 * - `unsent`: there was no connection for it, and may be one in a moment
 * - `lost`: the server could not be reached, or was lost before it answered
 * - `undone`: it was rolled back because of another one that ran at the same time, and may be sent again
 * - `refused`: this one can't be done, whatever others can
 * - `failed`: anything else
 */
export type StatementFate = "unsent" | "lost" | "undone" | "refused" | "failed";

/** An error of a database server, in words for who configured the store. */
export class ServerError extends BackendError {
	readonly fate: StatementFate;

	constructor(fate: StatementFate, fault: BackendFault, message: string, hint?: string) {
		super(fault, message, hint);
		this.fate = fate;
	}
}

export const isUnsent = (error: unknown) => error instanceof ServerError && error.fate === "unsent";

/** Also where it was not even sent. */
export const isLost = (error: unknown) => isUnsent(error) || (error instanceof ServerError && error.fate === "lost");

/** What an error of a connection says of the statement that was to go over it. */
export function fateOf(error: unknown): StatementFate {
	if (!isConnectionLost(error)) return "failed";
	return isNotConnected(error) ? "unsent" : "lost";
}

export const isUndone = (error: unknown) => error instanceof ServerError && error.fate === "undone";

export const isRefused = (error: unknown) => error instanceof ServerError && error.fate === "refused";
