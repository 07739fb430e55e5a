import Ajv from "ajv/dist/2020.js";
import { expect } from "vitest";

interface Described {
	readonly openapi: string;
	readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
	readonly components: object;
}

interface Operation {
	readonly responses: {
		readonly [status: string]: { readonly content: { readonly [type: string]: { schema: object } } };
	};
}

/** Checks answers against the OpenAPI document that describes them. */
export class AnswerChecker {
	#document: Described | undefined;
	readonly #ajv = new Ajv({ strict: false });

	read(document: Described): void {
		this.#document = document;
	}

	/** Fails where the document has the path, and not this answer. */
	check(method: string, sent: string, answer: { status: number; text: string; headers: object; json: unknown }): void {
		if (!this.#document) return;
		const { paths, components } = this.#document;
		const [path = ""] = sent.split("?");
		const described = Object.keys(paths)
			// One without variables goes before one with them.
			.sort((a, b) => a.split("{").length - b.split("{").length)
			.find((known) => new RegExp(`^${known.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+")}/?$`).test(path));
		const operation = described === undefined ? undefined : paths[described]?.[method.toLowerCase()];
		const { error } = (answer.json ?? {}) as { readonly error?: { readonly code?: unknown } };
		if (!operation || error?.code === "no_resource") return;
		const response = operation.responses[answer.status];
		expect(response, `${method} ${path} is not described with ${answer.status}: ${answer.text}`).toBeDefined();
		const type = String(Reflect.get(answer.headers, "content-type"));
		const schema = response?.content[type.startsWith("application/json") ? "application/json" : type]?.schema;
		expect(schema, `${method} ${path}: ${type} is not described`).toBeDefined();
		if (!type.startsWith("application/json") || !schema) return;
		const isValid = this.#ajv.validate({ ...schema, components }, answer.json);
		expect(isValid, `${method} ${path}: ${this.#ajv.errorsText()} in ${answer.text}`).toBe(true);
	}
}
