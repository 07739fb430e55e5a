import type { FastifyReply, FastifyRequest } from "fastify";
import type { ServeAction } from "../config/serve.js";
import { ApiError } from "./api-error.js";
import { authenticate } from "./authenticate.js";
import { Client } from "./client.js";
import type { Excess } from "./excess.js";
import { sendFailure } from "./failure.js";
import type { Log } from "./log.js";
import type { Metrics } from "./metrics.js";
import type { RateLimit } from "./rate-limit.js";
import type { Site } from "./site.js";
import { nameOf, type Subject } from "./subject.js";

declare module "fastify" {
	interface FastifyRequest {
		/** Set when the request comes in. */
		site: Site | undefined;
		client: Client | undefined;
		/** What the client is to be told besides, where there is something. */
		warnings: string[] | undefined;
	}
	interface FastifyContextConfig {
		/** What one must be allowed to. */
		action?: ServeAction | undefined;
		hasEntries: boolean;
	}
}

/** What requests are received with. */
export interface Reception {
	/** What the next request is answered from. */
	readonly site: () => Site;
	readonly excess: Excess;
	readonly log: Log;
	readonly metrics: Metrics;
}

/** Finds out who sends a request and whether they may, before anything else of it is read. */
export async function receive(
	request: FastifyRequest,
	reply: FastifyReply,
	{ site, excess, log, metrics }: Reception,
): Promise<void> {
	const now = site();
	request.site = now;
	reply.header("cache-control", "no-store");
	const begin = performance.now();
	const { action, hasEntries } = request.routeOptions.config;
	// The configuration may be read again before the body is here.
	const release = now.store.keep();
	const slow = setTimeout(() => giveUp(reply), now.limits.seconds * 1000);
	reply.raw.once("close", () => {
		clearTimeout(slow);
		release();
		const seconds = (performance.now() - begin) / 1000;
		const route = request.routeOptions.url ?? "none";
		const status = reply.raw.writableFinished ? reply.raw.statusCode : 499;
		metrics.answered({ method: request.method, route, status, seconds });
		if (now.config.serve.log !== "requests" && status < 400) return;
		const who = request.client?.name;
		log.add(status < 500 ? "info" : "warn", "request", {
			...{ id: request.id, client: who, method: request.method, route, status },
			ms: Math.round(seconds * 1e4) / 10,
		});
	});
	const slowDown = (client: string) => refuseExcess(client, { rate: now.rate, excess, reply });
	const subject = await authenticated(request, now, slowDown);
	if (subject.kind !== "socket") slowDown(nameOf(subject));
	const client = new Client(nameOf(subject), now.access.of(subject), now.refused);
	request.client = client;
	if (request.is404) {
		throw new ApiError(404, "no_resource", `there is no ${request.method} here`, "GET /openapi.json has all resources");
	}
	if (action === undefined) return;
	const { key } = request.params as { key?: string };
	if (key !== undefined) await client.demand(action, key);
	// Nobody knows who it is: a thousand entries of theirs are not to be read, and audited, where all would be refused.
	else if (!hasEntries || subject.kind === "anyone") await client.demandSome(action);
}

/**
 * Answers what takes too long. Fastify's own `handlerTimeout` ends with a request's body, which comes long before its
 * answer.
 */
function giveUp(reply: FastifyReply): void {
	// What is being handed out has a limit of its own: it is neither to be lost nor to be given twice.
	if (reply.sent) return;
	if (reply.raw.headersSent) reply.raw.destroy();
	else sendFailure(reply, new ApiError(503, "timeout", "it takes too long", "It may still be done: ask again"));
}

async function authenticated(
	request: FastifyRequest,
	site: Site,
	slowDown: (client: string) => void,
): Promise<Subject> {
	try {
		refuseBrowsers(request);
		return authenticate(request.raw, site.tokens);
	} catch (error) {
		const client = `anyone ${request.raw.socket.remoteAddress ?? ""}`.trimEnd();
		slowDown(client);
		await site.refused({ action: "connect", outcome: "refused", client });
		throw error;
	}
}

/** @throws {ApiError} `too_many` */
function refuseExcess(
	client: string,
	{ rate, excess, reply }: { rate: RateLimit; excess: Excess; reply: FastifyReply },
): void {
	const wait = rate.take(client);
	if (wait === 0) return;
	excess.add(client);
	reply.header("retry-after", String(wait));
	throw new ApiError(429, "too_many", "too many requests", `Wait ${wait} s, or raise serve.limits.per_second`);
}

/** A web page may have a browser send requests with the certificate of whoever looks at it. */
function refuseBrowsers({ headers }: FastifyRequest): void {
	if (headers.origin === undefined && headers["sec-fetch-site"] === undefined) return;
	throw new ApiError(403, "forbidden", "requests of web pages are not taken", "Use a program that is no browser");
}
