import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { ServeAction } from "../config/serve.js";
import { isMap } from "../value.js";
import { ApiError, explain } from "./api-error.js";
import { authenticate } from "./authenticate.js";
import { parseBody } from "./body.js";
import { Client } from "./client.js";
import type { Excess } from "./excess.js";
import type { Log } from "./log.js";
import type { Metrics } from "./metrics.js";
import type { RateLimit } from "./rate-limit.js";
import type { Call, Resource } from "./resource.js";
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

export interface AppSettings {
	readonly resources: readonly Resource[];
	/** What the next request is answered from. */
	readonly site: () => Site;
	readonly excess: Excess;
	readonly log: Log;
	readonly metrics: Metrics;
}

/** Longer than any key, percent-encoded; Node takes no longer headers anyway. */
const MAX_PARAM_LENGTH = 16 * 1024;

/** In bytes: of what anyone may send there is never much, and anyone may send it through many connections at once. */
const MOST_OF_ANYONE = 16 * 1024;

let lastRequest = 0;

/** The resources as a function that answers requests, whatever they come through. */
export async function buildApp(
	settings: AppSettings,
): Promise<(request: IncomingMessage, response: ServerResponse) => void> {
	const { limits } = settings.site();
	const app = fastify({
		logger: false,
		genReqId: () => String(++lastRequest),
		// It listens by itself nowhere.
		serverFactory: (handler) => createServer(handler),
		bodyLimit: limits.body,
		exposeHeadRoutes: false,
		forceCloseConnections: false,
		routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
		ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
		frameworkErrors: (error, _, reply) => void sendFailure(reply, error),
	});
	// Whoever reads it in a terminal has their prompt on the next line.
	app.setReplySerializer((answer) => `${JSON.stringify(answer)}\n`);
	app.decorateRequest("site", undefined);
	app.decorateRequest("client", undefined);
	app.decorateRequest("warnings", undefined);
	app.removeAllContentTypeParsers();
	app.addContentTypeParser("*", { parseAs: "buffer" }, async (_: FastifyRequest, body: Buffer) => parseBody(body));
	app.addHook("onRequest", async (request, reply) => await receive(request, reply, settings));
	app.setErrorHandler((error, request, reply) => fail(error, request, reply, settings.log));
	for (const resource of settings.resources) addResource(app, resource, { ...settings, body: limits.body });
	await app.ready();
	return (request, response) => app.routing(request, response);
}

function addResource(
	app: FastifyInstance,
	resource: Resource,
	{ log, body: mostBytes }: { readonly log: Log; readonly body: number },
): void {
	const { method, path, query, body, bodyOptional, action, hasEntries = false, slash } = resource;
	for (const url of slash ? [path, `${path}/`] : [path]) {
		app.route({
			method,
			url,
			config: { action, hasEntries },
			bodyLimit: action === undefined ? Math.min(mostBytes, MOST_OF_ANYONE) : mostBytes,
			schema: { ...(query && { querystring: query }), ...(body && { body }) },
			...(bodyOptional && {
				preValidation: async (request: FastifyRequest) => {
					request.body ??= {};
				},
			}),
			handler: async (request, reply) => {
				const answer = await resource.respond(callOf(request, reply, log));
				if (answer === undefined) return reply;
				if (answer instanceof Readable && reply.sent) {
					// It took too long, and was answered already.
					answer.destroy();
					return reply;
				}
				if (request.warnings && isMap(answer)) return { ...answer, warnings: request.warnings };
				if (typeof answer === "string" || !("properties" in resource.answer)) return answer;
				return reply.type("application/json; charset=utf-8").send(answer);
			},
		});
	}
}

function callOf(request: FastifyRequest, reply: FastifyReply, log: Log): Call {
	const { site, client, params, query, body } = request;
	if (!site || !client) throw new Error("a request that was not received");
	return {
		store: site.store,
		client,
		tokens: site.tokens,
		searches: site.searches,
		limits: site.limits,
		warn(message) {
			if (reply.sent) log.add("warn", "warning", { id: request.id, client: client.name, message });
			else request.warnings = [...(request.warnings ?? []), message];
		},
		// The path has them, and the schemas have seen the others.
		params: params as Call["params"],
		query: query as Call["query"],
		body: body as Call["body"],
		reply,
		failed: (error) => logFailure(log, request, error),
	};
}

/** Finds out who sends a request and whether they may, before anything else of it is read. */
async function receive(
	request: FastifyRequest,
	reply: FastifyReply,
	{ site, excess, log, metrics }: AppSettings,
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

function fail(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
	if (explain(error).status === 500) logFailure(log, request, error);
	// Fastify closes the connection where a body is too large. Who is still sending it would then find the connection
	// broken, and never read why; what comes of it is thrown away, for as long as a request may take.
	reply.removeHeader("connection");
	return sendFailure(reply, error);
}

function sendFailure(reply: FastifyReply, error: unknown): FastifyReply {
	const { status, failure } = explain(error);
	const { warnings } = reply.request;
	return reply
		.code(status)
		.type("application/json; charset=utf-8")
		.send({ ...failure, ...(warnings && { warnings }) });
}

/** What nobody foresaw is logged by its place in the program: its message may hold anything. */
function logFailure(log: Log, request: FastifyRequest, error: unknown): void {
	const { failure } = explain(error);
	const { code, message } = failure.error;
	const stack =
		error instanceof Error && code === "unexpected" ? error.stack?.match(/^ +at .*$/gm)?.slice(0, 8) : undefined;
	log.add("error", "failure", { id: request.id, client: request.client?.name, code, message, ...(stack && { stack }) });
}
