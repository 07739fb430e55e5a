import { shellWord } from "../../src/input.js";
import type { Run } from "../commands.js";
import { readOptions } from "../context.js";

/** Makes a value anew and prints it. */
export const run: Run = async (context, [key = "", format = "", yaml], flags) => {
	const options = await readOptions(flags, yaml);
	return await context.withStore(
		async (trocla) => {
			const value = await trocla.reset(key, format, options);
			const again = `trocla get --no-create ${shellWord(key)} ${format}`;
			context.printValue({ key, format, value }, `The new value is stored, and ${again} prints it`);
			return 0;
		},
		{ create: true },
	);
};
