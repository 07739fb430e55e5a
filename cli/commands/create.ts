import type { TroclaCalls } from "../../src/calls.js";
import type { Options } from "../../src/records/record.js";
import type { Run } from "../commands.js";
import { readOptions } from "../context.js";
import { readRenewal } from "../period.js";

/** Prints a value, made on demand. */
export const run: Run = async (context, [key = "", format = "", yaml], flags) => {
	const options = await readOptions(flags, yaml);
	const settings = readRenewal(flags);
	const get = (trocla: TroclaCalls) => (key: string, format: string, asked: Options) =>
		trocla.get(key, format, { ...options, ...asked }, settings);
	if (flags.batch) return await (await import("./batch.js")).runBatch(context, true, get);
	return await context.withStore(
		async (trocla) => {
			const value = await get(trocla)(key, format, {});
			context.printValue({ key, format, value });
			return 0;
		},
		{ create: true },
	);
};
