import { BackendError, type BackendFault } from "../backend.js";

/**
 * What an error of a database server says of the statement that it answers.
 *
 * - `lost`: the server could not be reached, or was lost before it answered
 * - `undone`: it was rolled back because of another one that ran at the same time, and may be sent again
 * - `refused`: this one can't be done, whatever others can
 * - `failed`: anything else
 */
export type StatementFate = "lost" | "undone" | "refused" | "failed";

/** An error of a database server, in words for who configured the store. */
export class ServerError extends BackendError {
	readonly fate: StatementFate;

	constructor(fate: StatementFate, fault: BackendFault, message: string, hint?: string) {
		super(fault, message, hint);
		this.fate = fate;
	}
}

export const isLost = (error: unknown) => error instanceof ServerError && error.fate === "lost";

export const isUndone = (error: unknown) => error instanceof ServerError && error.fate === "undone";

export const isRefused = (error: unknown) => error instanceof ServerError && error.fate === "refused";
