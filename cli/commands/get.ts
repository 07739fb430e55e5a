import { TroclaError } from "../../src/errors.js";
import { checkFormat, shellWord } from "../../src/input.js";
import type { Run } from "../commands.js";
import { readOptions } from "../context.js";

/** Prints a value, made on demand unless `--no-create` or the configuration's `create_on_get: false` says otherwise. */
export const run: Run = async (context, [key = "", format = "", yaml], flags) => {
	const options = await readOptions(flags, yaml);
	const config = await context.config();
	const renewBefore = readDuration(flags.renewBefore);
	const create = config.createOnGet && flags.create !== false;
	if (!create && Object.keys(options).length > 0) {
		// A typo must not wait for the day when there is a store.
		const { resolveForFormat } = await import("../../src/options.js");
		await resolveForFormat(config, await checkFormat(format, config.formats), options, () => {});
	}
	return await context.withStore(
		async (trocla) => {
			const value = create
				? await trocla.get(key, format, options, renewBefore === undefined ? {} : { renewBefore })
				: await trocla.peek(key, format, options);
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

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** A time like `30d` in seconds. */
function readDuration(flag: unknown): number | undefined {
	if (flag === undefined) return undefined;
	const { count, unit = "s" } = /^(?<count>\d{1,9})(?<unit>[smhdw])?$/.exec(String(flag))?.groups ?? {};
	if (count !== undefined) return Number(count) * SECONDS[unit as keyof typeof SECONDS];
	throw new TroclaError(
		"invalid",
		`--renew-before takes a time, not ${JSON.stringify(flag)}`,
		"For example: --renew-before 30d; also s, m, h and w, or seconds without a letter",
	);
}
