import type { Config } from "../../src/config.js";
import { TroclaError } from "../../src/errors.js";
import { shellWord } from "../../src/input.js";
import type { Run } from "../commands.js";
import { readOptions } from "../context.js";

/** Prints a value, made on demand unless `--no-create` or the configuration's `create_on_get: false` says otherwise. */
export const run: Run = async (context, [key = "", format = "", yaml], flags) => {
	const options = await readOptions(flags, yaml);
	const creates = (config: Config) => config.createOnGet && flags.create !== false;
	return await context.withStore(
		async (trocla, config) => {
			const value = creates(config) ? await trocla.get(key, format, options) : await trocla.peek(key, format);
			if (value === undefined) {
				throw new TroclaError(
					"not_found",
					`${JSON.stringify(key)} has no ${format} stored`,
					`trocla create ${shellWord(key)} ${format} makes one`,
				);
			}
			context.print(value, { key, format, value });
			return 0;
		},
		{ create: creates },
	);
};
