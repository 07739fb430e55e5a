import { once } from "node:events";
import type { FastifyReply } from "fastify";
import { ApiError } from "./api-error.js";

/** Longer than a client that lives lets a value lie. */
const WRITE_MS = 10_000;

/**
 * Answers with what is removed once it was written to the client: the answer's end comes after that, so that a client
 * that has read it all sees it gone.
 *
 * @param work - gets a function that writes the answer, and returns or throws when the values are gone or still there
 * @param failed - hears of what goes wrong when the client has its answer
 */
export async function answerAndRemove(
	reply: FastifyReply,
	work: (write: (answer: unknown) => Promise<void>) => Promise<void>,
	failed: (error: unknown) => void,
): Promise<void> {
	let state: "waiting" | "writing" | "written" = "waiting";
	try {
		await work(async (answer) => {
			if (reply.sent || reply.raw.destroyed) throw new ApiError(503, "undelivered", "the client has gone");
			state = "writing";
			reply.hijack();
			await write(reply, `${JSON.stringify(answer)}\n`);
			state = "written";
		});
	} catch (error) {
		if (state === "waiting") throw error;
		failed(error);
		if (state === "writing") {
			reply.raw.destroy();
			return;
		}
	}
	reply.raw.end();
}

/** Returns when the kernel has it all. */
async function write({ raw, request }: FastifyReply, text: string): Promise<void> {
	const { socket } = request.raw;
	raw.writeHead(200, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
	const cut = new AbortController();
	const slow = setTimeout(() => raw.destroy(new Error("the client does not read")), WRITE_MS);
	const gone = once(raw, "close", { signal: cut.signal }).then(() => {
		throw new ApiError(503, "undelivered", "the client has gone");
	});
	const written = new Promise<void>((resolve, reject) => {
		// Of a connection that its other side has closed, Node says that all was written.
		raw.write(text, (error) => (error || socket.destroyed ? reject(error ?? new Error("closed")) : resolve()));
	});
	try {
		await Promise.race([written, gone]);
	} finally {
		clearTimeout(slow);
		gone.catch(() => {});
		cut.abort();
	}
}
