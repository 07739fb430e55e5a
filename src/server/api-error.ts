import { type ErrorCode, TroclaError } from "../errors.js";

/** Why the daemon does not do what it was asked for, where that is not the store's to say. */
export class ApiError extends Error {
	override name = "ApiError";

	readonly status: number;
	readonly code: string;
	readonly hint: string | undefined;

	constructor(status: number, code: string, message: string, hint?: string) {
		super(message);
		this.status = status;
		this.code = code;
		this.hint = hint;
	}
}

export const unauthenticated = (why: string) =>
	new ApiError(
		401,
		"unauthenticated",
		why,
		"Send a token (Authorization: Bearer TOKEN), or use a certificate of the CA",
	);

/** What a client is told. */
export interface Failure {
	readonly success: false;
	readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
}

const STATUS: { readonly [Code in ErrorCode]: number } = {
	invalid: 400,
	not_found: 404,
	no_plaintext: 409,
	claimed: 409,
	unhashable: 422,
	config: 500,
	data: 500,
	damaged: 500,
	export: 500,
	source: 500,
	// Only a daemon's clients have these two.
	forbidden: 403,
	server: 503,
	undelivered: 503,
	ring: 503,
	store: 503,
};

/** Fastify's own errors that are not just faulty requests. */
const FASTIFY: { readonly [code: string]: readonly [status: number, code: string, hint: string] } = {
	FST_ERR_CTP_BODY_TOO_LARGE: [413, "too_large", "Send less at a time, or raise serve.limits.body"],
};

/** The status and the answer for whatever was thrown. What nobody foresaw is not shown: it may hold anything. */
export function explain(error: unknown): { readonly status: number; readonly failure: Failure } {
	if (error instanceof TroclaError) return told(STATUS[error.code], error.code, error.message, error.hint);
	if (error instanceof ApiError) return told(error.status, error.code, error.message, error.hint);
	const { code, statusCode, message } = error as { code?: unknown; statusCode?: unknown; message?: unknown };
	const [status, name, hint] = FASTIFY[String(code)] ?? [];
	if (status !== undefined && name !== undefined) return told(status, name, String(message), hint);
	const isRequest = typeof statusCode === "number" && statusCode >= 400 && statusCode < 500;
	if (isRequest) return told(statusCode, "invalid", String(message));
	return told(500, "unexpected", "something went wrong that should not", "The daemon's log has where");
}

function told(status: number, code: string, message: string, hint?: string) {
	return {
		status,
		failure: { success: false, error: { code, message, ...(hint !== undefined && { hint }) } } as const,
	};
}
