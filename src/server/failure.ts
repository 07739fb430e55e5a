import type { FastifyReply, FastifyRequest } from "fastify";
import { explain } from "./api-error.js";
import type { Log } from "./log.js";

/** Answers with an error, whatever it is. */
export function fail(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
	if (explain(error).status === 500) logFailure(log, request, error);
	// Fastify closes the connection where a body is too large. Who is still sending it would then find the connection
	// broken, and never read why; what comes of it is thrown away, for as long as a request may take.
	reply.removeHeader("connection");
	return sendFailure(reply, error);
}

export function sendFailure(reply: FastifyReply, error: unknown): FastifyReply {
	const { status, failure } = explain(error);
	const { warnings } = reply.request;
	return reply
		.code(status)
		.type("application/json; charset=utf-8")
		.send({ ...failure, ...(warnings && { warnings }) });
}

/** What nobody foresaw is logged by its place in the program: its message may hold anything. */
export function logFailure(log: Log, request: FastifyRequest, error: unknown): void {
	const { failure } = explain(error);
	const { code, message } = failure.error;
	const stack =
		error instanceof Error && code === "unexpected" ? error.stack?.match(/^ +at .*$/gm)?.slice(0, 8) : undefined;
	log.add("error", "failure", { id: request.id, client: request.client?.name, code, message, ...(stack && { stack }) });
}
