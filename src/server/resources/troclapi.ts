import { TLSSocket } from "node:tls";
import { ApiError } from "../api-error.js";
import { get } from "../operations.js";
import type { Call, Resource } from "../resource.js";
import { failure, object, stateAnswer, valueAnswer } from "../schemas.js";
import { TOKEN_COOKIE } from "../tokens.js";
import { answered } from "./batch-answers.js";

const text = { type: "string" };
const succeeded = { const: true };

/** What only troclapi's clients ask for, as they ask for it. */
export const troclapiResources: readonly Resource[] = [
	{
		method: "GET",
		path: "/v1/key/:key/:format/:render",
		summary: "A part of the stored value, as troclapi's clients ask for it",
		action: "get",
		answer: valueAnswer,
		failures: [404, 409],
		async respond(call) {
			const { key = "", format = "", render } = call.params;
			return { format, value: await get(call, { key, format, options: { render } }), success: true };
		},
	},
	{
		method: "GET",
		path: "/v1/formats/:key/:format",
		summary: "Whether a format of a key is stored",
		action: "formats",
		answer: object({ available: succeeded, success: succeeded }, { required: ["available", "success"] }),
		failures: [404],
		async respond({ store, params: { key = "", format = "" } }) {
			const formats = await store.read((trocla) => trocla.formats(key));
			if (!formats.includes(format)) {
				throw new ApiError(404, "not_found", `${JSON.stringify(key)} has no ${JSON.stringify(format)} stored`);
			}
			return { available: true, success: true };
		},
	},
	{
		method: "POST",
		path: "/v1/formats",
		slash: true,
		summary: "The formats that are stored of many keys",
		action: "formats",
		body: object({ keys: { type: "array", maxItems: 1000, items: text } }, { required: ["keys"] }),
		answer: {
			type: "array",
			items: {
				oneOf: [
					object(
						{ key: text, available: { type: "array", items: text }, success: succeeded },
						{ required: ["key", "available", "success"] },
					),
					object({ key: text, ...(failure.properties as object) }, { required: ["key", "success", "error"] }),
				],
			},
		},
		async respond({ store, client, body }) {
			// The schema has seen that it is a list of texts.
			const keys = body.keys as readonly string[];
			return await Promise.all(
				keys.map((key) =>
					answered({ key }, async () => {
						await client.demand("formats", key);
						const available = await store.read((trocla) => trocla.formats(key));
						if (available.length > 0) return { available };
						throw new ApiError(404, "not_found", `${JSON.stringify(key)} is not stored`);
					}),
				),
			);
		},
	},
	{
		method: "POST",
		path: "/login",
		summary: "A cookie that stands for a token; requests with the token in a header need none",
		body: object({ token: text, username: text, password: text }),
		answer: stateAnswer,
		respond: login,
	},
];

async function login({ client, tokens, body: { token }, reply }: Call): Promise<object> {
	if (typeof token !== "string") {
		throw new ApiError(400, "invalid", "there are tokens alone, and no user names", 'Send {"token": "..."}');
	}
	// What can't stand in a header is no token either way.
	if (!/^[\w.~+/=-]+$/.test(token) || tokens.nameOf(token) === undefined) await client.refuseToken();
	const isSecret = reply.request.raw.socket instanceof TLSSocket;
	const cookie = [`${TOKEN_COOKIE}=${token}`, "Path=/", "HttpOnly", "SameSite=Strict", ...(isSecret ? ["Secure"] : [])];
	reply.header("set-cookie", cookie.join("; "));
	return { success: true };
}
