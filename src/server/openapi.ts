import type { Resource } from "./resource.js";
import { failure, type Schema } from "./schemas.js";

const MEANINGS: { readonly [status: number]: string } = {
	400: "The request is faulty; nothing was changed",
	401: "The token or the certificate is not valid",
	403: "The rules don't allow it; whether the key is stored makes no difference",
	404: "Not stored",
	409: "The plaintext was handed out, or is just being handed out",
	413: "Too large",
	422: "The format can't hash this password",
	429: "Too many requests",
	500: "The daemon's fault; its log has more",
	503: "The store can't be reached, or it took too long",
};

const ALWAYS = [400, 401, 403, 413, 429, 500, 503];

/** The OpenAPI 3.1 document of resources: what it shows of a request is what the request is checked against. */
export function openApi(resources: readonly Resource[], version: string): Schema {
	const paths: { [path: string]: { [method: string]: Schema } } = {};
	for (const resource of resources) {
		const path = resource.path.replace(/:(\w+)/g, "{$1}");
		paths[path] = { ...paths[path], [resource.method.toLowerCase()]: operation(resource) };
	}
	return {
		openapi: "3.1.0",
		info: {
			title: "trocla",
			version,
			description: "Passwords for configuration management. A key in a path is percent-encoded, its `/` as `%2F`.",
			license: { name: "MIT", identifier: "MIT" },
		},
		paths,
		components: {
			schemas: { Failure: failure },
			securitySchemes: {
				bearer: { type: "http", scheme: "bearer" },
				token: { type: "apiKey", in: "header", name: "X-Token" },
				certificate: { type: "mutualTLS" },
			},
		},
		// On the Unix socket nothing is asked for.
		security: [{}, { bearer: [] }, { token: [] }, { certificate: [] }],
	};
}

function operation({ method, path, summary, query, body, bodyOptional, answer, failures = [] }: Resource): Schema {
	const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
		name,
		in: "path",
		required: true,
		schema: { type: "string" },
	}));
	const inQuery = Object.entries((query?.properties ?? {}) as { readonly [name: string]: Schema }).map(
		([name, schema]) => ({ name, in: "query", schema }),
	);
	const statuses = [...new Set([...ALWAYS, ...failures])].sort((a, b) => a - b);
	return {
		operationId: `${method.toLowerCase()}${path.replace(/[/:.]+(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
		summary,
		parameters: [...inPath, ...inQuery],
		...(body && {
			requestBody: { required: bodyOptional !== true, content: { "application/json": { schema: body } } },
		}),
		responses: {
			200: { description: "Done", content: content(answer) },
			...Object.fromEntries(statuses.map((status) => [status, refusal(MEANINGS[status] ?? "")])),
		},
	};
}

function content(answer: Resource["answer"]): Schema {
	if ("mediaType" in answer) return { [String(answer.mediaType)]: { schema: { type: "string" } } };
	return { "application/json": { schema: answer } };
}

const refusal = (description: string): Schema => ({
	description,
	content: { "application/json": { schema: { $ref: "#/components/schemas/Failure" } } },
});
