import { checkKey } from "../../src/input.js";
import type { Run } from "../commands.js";
import { tell } from "../output.js";
import { readPassword } from "../password.js";

/** Exits 0 where the password is the key's. Prints nothing on standard output, unless asked for JSON. */
export const run: Run = async (context, [key = "", format], flags) => {
	checkKey(key);
	if (format !== undefined) await context.checkFormat(format);
	return await context.withStore(
		async (trocla) => {
			const password = await readPassword(context, flags.password, { repeat: false });
			const match = await trocla.verify(key, password, format);
			if (context.json) context.print("", { key, match: match ?? null });
			else if (match === undefined) tell(`trocla: this is not the password of ${JSON.stringify(key)}`);
			return match === undefined ? 1 : 0;
		},
		{ create: false },
	);
};
