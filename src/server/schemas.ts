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

export const failure = object(
	{
		success: { const: false },
		error: object({ code: text, message: text, hint: text }, { required: ["code", "message"] }),
	},
	{ required: ["success", "error"] },
);

/** Values by format. */
const values = { type: "object", additionalProperties: text };

export const valueAnswer = object(
	{ format: text, value: text, success: succeeded },
	{ required: ["format", "value", "success"] },
);

export const valuesAnswer = object({ values, success: succeeded }, { required: ["values", "success"] });

/** What each entry of a batch is answered with, in their order. */
export const batchAnswer: Schema = {
	type: "array",
	items: {
		oneOf: [
			object(
				{ key: text, format: text, value: text, success: succeeded },
				{ required: ["key", "format", "value", "success"] },
			),
			object(
				{ key: text, format: text, values, success: succeeded },
				{ required: ["key", "format", "values", "success"] },
			),
			object(
				{ key: text, format: text, success: { const: false }, error: (failure.properties as { error: Schema }).error },
				{ required: ["key", "format", "success", "error"] },
			),
		],
	},
};

export const keysAnswer = object(
	{ keys: { type: "array", items: text }, success: succeeded },
	{ required: ["keys", "success"] },
);

const formatNames = { type: "array", items: text };

export const formatsAnswer = object(
	{ key: text, formats: formatNames, available: { ...formatNames, description: "The same" }, success: succeeded },
	{ required: ["formats", "available", "success"] },
);

export const showAnswer = object(
	{
		key: text,
		formats: {
			type: "object",
			additionalProperties: object({ at: text, ends: text, options: { type: "object" } }, { required: ["at"] }),
		},
		expires: { type: "object" },
		handedOut: text,
		claim: { type: "object" },
		success: succeeded,
	},
	{ required: ["key", "formats", "success"] },
);

export const verifyAnswer = object(
	{
		key: text,
		match: { type: ["string", "null"], description: "The format that the password matches" },
		success: succeeded,
	},
	{ required: ["key", "match", "success"] },
);

export const stateAnswer = object({ success: succeeded, version: text }, { required: ["success"] });
