import { checkKey } from "../../src/input.js";
import type { Run } from "../commands.js";
import { readOptions } from "../context.js";
import { readPassword } from "../password.js";

/** Stores a password. Prints nothing, so that a hash of it does not end in a log; `--json` says that it is done. */
export const run: Run = async (context, [key = "", format = "", yaml], flags) => {
	const options = await readOptions(flags, yaml);
	// Before anybody types a password in vain.
	checkKey(key);
	await context.checkFormat(format);
	return await context.withStore(
		async (trocla) => {
			const password = await readPassword(context, flags.password, { repeat: true });
			await trocla.set(key, format, password, options, { raw: flags.format === false });
			if (context.json) context.print("", { key, format });
			return 0;
		},
		{ create: true },
	);
};
