import { TroclaError } from "../../src/errors.js";
import type { Run } from "../commands.js";
import { LinePrinter } from "../output.js";

/** Prints the matching keys, one a line; exits 1 where there is none, as grep does. */
export const run: Run = async (context, [regex = ""]) => {
	const pattern = parse(regex);
	return await context.withStore(
		async (trocla) => {
			const printer = new LinePrinter();
			let found = 0;
			for await (const key of trocla.search(pattern)) {
				if (context.json) printer.print(`${found === 0 ? '{"keys":[' : ","}${JSON.stringify(key)}`);
				else printer.print(key);
				found++;
			}
			if (context.json) printer.print(found === 0 ? '{"keys":[]}' : "]}");
			printer.flush();
			return found > 0 ? 0 : 1;
		},
		{ create: false },
	);
};

function parse(regex: string): RegExp {
	try {
		return new RegExp(regex, "u");
	} catch (error) {
		const why = (error as Error).message.replace(/^Invalid regular expression: /, "");
		throw new TroclaError(
			"invalid",
			`not a regular expression: ${why}`,
			"The syntax is JavaScript's: ^ and $ for a key's ends, \\d, \\w, (a|b)",
		);
	}
}
