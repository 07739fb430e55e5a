import { TroclaError } from "../../errors.js";
import type { Resource } from "../resource.js";
import { formatsAnswer, keysAnswer, passwordBody, showAnswer, verifyAnswer } from "../schemas.js";
import { searchAnswer } from "../search.js";

const notStored = (key: string) => new TroclaError("not_found", `${JSON.stringify(key)} is not stored`);

const verify = (path: string): Resource => ({
	method: "POST",
	path,
	summary: "Whether a password is the key's: in this format, or in any that is stored",
	action: "verify",
	body: passwordBody,
	answer: verifyAnswer,
	failures: [404],
	async respond({ store, params: { key = "", format }, body }) {
		// The schema has seen it.
		const match = await store.read((trocla) => trocla.verify(key, String(body.password), format));
		return { key, match: match ?? null, success: true };
	},
});

/** What is stored, without its values. */
export const storeResources: readonly Resource[] = [
	{
		method: "GET",
		path: "/v1/search/:regex",
		summary:
			"The keys that match a regular expression, of those that the client may search, in the order of their bytes",
		action: "search",
		answer: keysAnswer,
		respond: async (call) => await searchAnswer(call, call.params.regex ?? ""),
	},
	{
		method: "GET",
		path: "/v1/formats",
		slash: true,
		summary: "The formats that there are",
		action: "formats",
		answer: formatsAnswer,
		async respond({ store }) {
			const formats = await store.read((trocla) => trocla.formats());
			return { formats, available: formats, success: true };
		},
	},
	{
		method: "GET",
		path: "/v1/formats/:key",
		slash: true,
		summary: "The formats that are stored of a key",
		action: "formats",
		answer: formatsAnswer,
		failures: [404],
		async respond({ store, params: { key = "" } }) {
			const formats = await store.read((trocla) => trocla.formats(key));
			if (formats.length === 0) throw notStored(key);
			return { key, formats, available: formats, success: true };
		},
	},
	{
		method: "GET",
		path: "/v1/show/:key",
		summary: "What is stored of a key, without its values",
		action: "show",
		answer: showAnswer,
		failures: [404],
		async respond({ store, params: { key = "" } }) {
			const description = await store.read((trocla) => trocla.show(key));
			if (!description) throw notStored(key);
			return { ...description, success: true };
		},
	},
	verify("/v1/verify/:key"),
	verify("/v1/verify/:key/:format"),
];
