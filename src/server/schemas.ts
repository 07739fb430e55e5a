/** A JSON schema: what checks a request, and what the OpenAPI document shows. */
export type Schema = { readonly [keyword: string]: unknown };

const text = { type: "string" };

export const object = (
	properties: { readonly [name: string]: Schema },
	settings: { readonly required?: readonly string[]; readonly open?: boolean } = {},
): Schema => ({
	type: "object",
	properties,
	...(settings.required && { required: settings.required }),
	additionalProperties: settings.open ?? false,
});

/** Options of a value: how it is to be made. The store itself checks them, by the format's own rules. */
export const optionsBody: Schema = {
	type: "object",
	description: 'Options, as `{"length": 32, "charset": "shellsafe"}`',
	additionalProperties: true,
};

export const setBody = object(
	{
		value: { ...text, description: "The password; with raw the value itself" },
		raw: { type: "boolean", description: "Whether the value is stored as it is, and not hashed" },
	},
	{ required: ["value"], open: true },
);

export const passwordBody = object({ password: text }, { required: ["password"] });

/** A batch's entries, each with its own options; what stands beside them goes for all. */
export const batchBody = (entry: { readonly [name: string]: Schema } = {}, required: readonly string[] = []) =>
	object(
		{
			format: { ...text, description: "Of the entries that have none; `plain` where it is missing" },
			keys: {
				type: "array",
				maxItems: 1000,
				items: object({ key: text, format: text, ...entry }, { required: ["key", ...required], open: true }),
			},
		},
		{ required: ["keys"], open: true },
	);

const succeeded = { const: true };

/** What did not stop it, a sentence each. */
const warnings = { type: "array", items: text };

/** What a request is answered with where it is done. */
const answer = (properties: { readonly [name: string]: Schema }, required: readonly string[]) =>
	object({ ...properties, success: succeeded, warnings }, { required: [...required, "success"] });

export const failure = object(
	{
		success: { const: false },
		error: object({ code: text, message: text, hint: text }, { required: ["code", "message"] }),
		warnings,
	},
	{ required: ["success", "error"] },
);

/** Values by format. */
const values = { type: "object", additionalProperties: text };

const receipt = {
	...text,
	description: "Where one was asked for: the values are removed when the client has confirmed that it has them",
};

export const valueAnswer = answer({ format: text, value: text }, ["format", "value"]);

export const handOutAnswer: Schema = {
	oneOf: [answer({ format: text, value: text, receipt }, ["format", "value"]), answer({ values, receipt }, ["values"])],
};

export const receiptBody = object(
	{ delivered: { type: "boolean", description: "Whether the values are in safe hands; where not, they stay" } },
	{ required: ["delivered"] },
);

export const doneAnswer = answer({}, []);

/** What each entry of a batch is answered with, in their order. */
export const batchAnswer: Schema = {
	type: "array",
	items: {
		oneOf: [
			answer({ key: text, format: text, value: text }, ["key", "format", "value"]),
			answer({ key: text, format: text, values }, ["key", "format", "values"]),
			object(
				{
					...{ key: text, format: text, success: { const: false }, warnings },
					error: (failure.properties as { error: Schema }).error,
				},
				{ required: ["key", "format", "success", "error"] },
			),
		],
	},
};

export const keysAnswer = answer({ keys: { type: "array", items: text } }, ["keys"]);

const formatNames = { type: "array", items: text };

export const formatsAnswer = answer(
	{ key: text, formats: formatNames, available: { ...formatNames, description: "The same" } },
	["formats", "available"],
);

export const showAnswer = answer(
	{
		key: text,
		formats: {
			type: "object",
			additionalProperties: object({ at: text, ends: text, options: { type: "object" } }, { required: ["at"] }),
		},
		expires: { type: "object" },
		handedOut: text,
		claim: { type: "object" },
	},
	["key", "formats"],
);

export const verifyAnswer = answer(
	{ key: text, match: { type: ["string", "null"], description: "The format that the password matches" } },
	["key", "match"],
);

export const stateAnswer = answer({ version: text }, []);

export const whoAnswer = answer(
	{
		client: { ...text, description: "As the audit has it: `token ci`" },
		may: { type: "array", items: text, description: "What it may do with some key" },
	},
	["client", "may"],
);
