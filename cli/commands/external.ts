import { TroclaError } from "../../src/errors.js";
import { shellWord } from "../../src/input.js";
import { isMap } from "../../src/value.js";
import type { Run } from "../commands.js";
import { readOptions } from "../context.js";
import { print } from "../output.js";

/**
 * Terraform's protocol for external data sources: a JSON object of texts on standard input, and one on standard output.
 *
 * https://registry.terraform.io/providers/hashicorp/external/latest/docs/data-sources/external
 */
export const run: Run = async (context, _, flags) => {
	const { key, format = "plain", ...texts } = await readQuery();
	if (key === undefined) throw wrong("the query has no key");
	const strange = Object.keys(texts).find((name) => !/^[A-Za-z]\w*$/.test(name));
	if (strange !== undefined) throw wrong(`option ${JSON.stringify(strange)} is not known`);
	const { createOnGet, formats } = await context.config();
	const secret = formats.has(format) ? ((await formats.load(format)).secretOptions ?? []) : [];
	// A passphrase is what it is, also where YAML would make a number or a comment of it.
	const isSecret = ([name]: readonly [name: string, text: string]) => secret.includes(name);
	const pairs = Object.entries(texts).filter((pair) => !isSecret(pair));
	const given = (flags.option as string[] | undefined) ?? []; // it is repeatable
	const read = await readOptions({ ...flags, option: [...given, ...pairs.map((pair) => pair.join("="))] }, undefined);
	const options = { ...read, ...Object.fromEntries(Object.entries(texts).filter(isSecret)) };
	const create = createOnGet && flags.create !== false;
	return await context.withStore(
		async (trocla) => {
			const value = create ? await trocla.get(key, format, options) : await trocla.peek(key, format, options);
			if (value === undefined) {
				throw new TroclaError(
					"not_found",
					`${JSON.stringify(key)} has no ${format} stored`,
					`trocla create ${shellWord(key)} ${shellWord(format)} makes one`,
				);
			}
			print(`${JSON.stringify({ value })}\n`, "What was made is stored: run it again");
			return 0;
		},
		{ create },
	);
};

/** Nothing of what stands there is in an error: it may be a passphrase. */
async function readQuery(): Promise<{ readonly [name: string]: string }> {
	if (process.stdin.isTTY) throw wrong("the query is read from standard input, and that is a terminal");
	const chunks: Buffer[] = [];
	let query: unknown;
	try {
		for await (const chunk of process.stdin) chunks.push(chunk);
		query = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
	} catch {
		throw wrong("standard input is not JSON");
	}
	if (!isMap(query)) throw wrong("standard input is not a JSON object");
	return Object.fromEntries(
		Object.entries(query).map(([name, text]) => {
			if (typeof text === "string" && text !== "") return [name, text];
			throw wrong(`${JSON.stringify(name)} must be a text that is not empty`);
		}),
	);
}

const wrong = (message: string) =>
	new TroclaError("invalid", message, 'As in: {"key": "app_db", "format": "plain", "length": "32"}');
