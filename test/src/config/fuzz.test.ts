import fc from "fast-check";
import { dump } from "js-yaml";
import { expect, test } from "vitest";
import { storeNames } from "../../../backends/index.js";
import { TroclaError } from "../../../src/errors.js";
import { User } from "../../support/user.js";

test("any document is a configuration or refused", async () => {
	const user = new User();
	const known = [
		"store",
		"store_options",
		"create_on_get",
		"on_handed_out",
		"encryption",
		"encryption_options",
		"options",
		"profiles",
	];
	const words = ["sqlite", "memory", ":sqlite", "refuse", "none", "path", "length", "mysql", "login", "no", "&a", "*a"];
	const value = fc.oneof(
		fc.jsonValue(),
		fc.constantFrom(...words),
		fc.dictionary(fc.constantFrom(...words), fc.jsonValue()),
	);
	const document = fc.dictionary(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...known) }, fc.string()), value, {
		maxKeys: 4,
	});
	const text = fc.oneof(
		document.map((document) => dump(document)),
		fc.tuple(document, fc.nat(), fc.string({ maxLength: 3 })).map(([document, at, noise]) => {
			const text = dump(document);
			const place = at % (text.length + 1);
			return text.slice(0, place) + noise + text.slice(place);
		}),
		fc.string({ unit: "binary" }),
		fc
			.array(fc.constantFrom(...known, ...words, ": ", "\n", "  ", "{", "}", "[", "]", "'", "# ", "- "))
			.map((words) => words.join("")),
	);
	await fc.assert(
		fc.asyncProperty(text, async (text) => {
			try {
				const { name, options } = (await user.load(text)).store;
				expect([storeNames.includes(name), name !== "sqlite" || String(options.path).startsWith("/")]).toEqual([
					true,
					true,
				]);
			} catch (error) {
				if (!(error instanceof TroclaError)) throw error;
				expect(error).toMatchObject({ code: "config", message: expect.stringContaining(user.file) });
			}
		}),
		{ numRuns: 2000 },
	);
});
