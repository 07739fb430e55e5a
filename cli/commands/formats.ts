import { TroclaError } from "../../src/errors.js";
import type { Run } from "../commands.js";

/** Prints the names of formats, one a line; exits 1 for a key that is not stored. */
export const run: Run = async (context, [key]) => {
	if (key === undefined) {
		const { server, formats } = await context.config();
		// Without a daemon there may be no store yet.
		const names = server ? await context.withStore((trocla) => trocla.formats(), { create: false }) : formats.names;
		context.print(names.join("\n"), { formats: names });
		return 0;
	}
	return await context.withStore(
		async (trocla) => {
			const formats = await trocla.formats(key);
			if (formats.length === 0) throw new TroclaError("not_found", `${JSON.stringify(key)} is not stored`);
			context.print(formats.join("\n"), { key, formats });
			return 0;
		},
		{ create: false },
	);
};
