import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { isMap } from "../value.js";
import { parseBody } from "./body.js";
import { fail, logFailure, sendFailure } from "./failure.js";
import type { Log } from "./log.js";
import { type Reception, receive } from "./receive.js";
import type { Call, Resource } from "./resource.js";

export interface AppSettings extends Reception {
	readonly resources: readonly Resource[];
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
