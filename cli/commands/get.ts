import type { TroclaCalls } from "../../src/calls.js";
import { TroclaError } from "../../src/errors.js";
import { checkFormat, shellWord } from "../../src/input.js";
import type { Options } from "../../src/records/record.js";
import type { Run } from "../commands.js";
import { readOptions } from "../context.js";
import { readRenewal } from "../period.js";

/** Prints a value, made on demand unless `--no-create` or the configuration's `create_on_get: false` says otherwise. */
export const run: Run = async (context, [key = "", format = "", yaml], flags) => {
	const options = await readOptions(flags, yaml);
	const config = await context.config();
	const create = config.createOnGet && flags.create !== false;
	const settings = readRenewal(flags);
	if (!create && settings.renewBefore !== undefined) {
		throw new TroclaError(
			"invalid",
			"--renew-before may make a value anew, and --no-create (or create_on_get: false) allows none",
			`For example: trocla create ${flags.batch ? "--batch" : `${shellWord(key)} ${format}`} --renew-before 30d`,
		);
	}
	if (!create && !flags.batch && !config.server && Object.keys(options).length > 0) {
		// A typo must not wait for the day when there is a store.
		const { resolveForFormat } = await import("../../src/options/options.js");
		await resolveForFormat(config, await checkFormat(format, config.formats), options, () => {});
	}
	const get = (trocla: TroclaCalls) => async (key: string, format: string, asked: Options) => {
		const call = { ...options, ...asked };
		const value = create ? await trocla.get(key, format, call, settings) : await trocla.peek(key, format, call);
		if (value !== undefined) return value;
		throw new TroclaError(
			"not_found",
			`${JSON.stringify(key)} has no ${format} stored`,
			`trocla create ${shellWord(key)} ${format} makes one`,
		);
	};
	if (flags.batch) return await (await import("./batch.js")).runBatch(context, create, get);
	return await context.withStore(
		async (trocla) => {
			const value = await get(trocla)(key, format, {});
			context.printValue({ key, format, value });
			return 0;
		},
		{ create },
	);
};
