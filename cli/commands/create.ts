import type { Run } from "../commands.js";
import { readOptions } from "../context.js";
import { readRenewal } from "../renewal.js";

/** Prints a value, made on demand. */
export const run: Run = async (context, [key = "", format = "", yaml], flags) => {
	const options = await readOptions(flags, yaml);
	return await context.withStore(
		async (trocla) => {
			const value = await trocla.get(key, format, options, readRenewal(flags));
			context.printValue({ key, format, value });
			return 0;
		},
		{ create: true },
	);
};
