import type { Config } from "../../src/config.js";
import { TroclaError } from "../../src/errors.js";
import { checkFormat, shellWord } from "../../src/input.js";
import type { Options } from "../../src/record.js";
import type { Run } from "../commands.js";
import { readOptions } from "../context.js";

/** Prints a value, made on demand unless `--no-create` or the configuration's `create_on_get: false` says otherwise. */
export const run: Run = async (context, [key = "", format = "", yaml], flags) => {
	const options = await readOptions(flags, yaml);
	const config = await context.config();
	const create = config.createOnGet && flags.create !== false;
	if (!create && Object.keys(options).length > 0) await checkUnused(config, format, options);
	return await context.withStore(
		async (trocla) => {
			const value = create ? await trocla.get(key, format, options) : await trocla.peek(key, format);
			if (value === undefined) {
				throw new TroclaError(
					"not_found",
					`${JSON.stringify(key)} has no ${format} stored`,
					`trocla create ${shellWord(key)} ${format} makes one`,
				);
			}
			context.printValue({ key, format, value });
			return 0;
		},
		{ create },
	);
};

/** Options that make no difference to a stored value are still checked: a typo must not wait for the day they do. */
async function checkUnused(config: Config, name: string, options: Options): Promise<void> {
	const format = await checkFormat(name);
	const { loadFormat } = await import("../../formats/index.js");
	const { checkOwnOptions, resolveOptions } = await import("../../src/options.js");
	checkOwnOptions(format, (await loadFormat(format)).options, resolveOptions(config, format, options).own);
}
