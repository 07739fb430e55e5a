import type { Run } from "../commands.js";
import { deliver } from "../output.js";

/** Hands out: prints what is stored, makes sure that it arrived, and removes it. */
export const run: Run = async (context, [key = "", format], flags) => {
	if (format !== undefined) await context.checkFormat(format);
	return await context.withStore(
		async (trocla) => {
			let delivered = false;
			await trocla.handOut(
				key,
				async (values) => {
					delivered = true;
					const value = format === undefined ? undefined : values[format];
					if (context.json) deliver(`${JSON.stringify({ key, values })}\n`);
					else if (value !== undefined) deliver(`${value}\n`);
					else deliver((await import("../../src/config/yaml.js")).printYaml(values));
				},
				{ format: format ?? "all", force: flags.force === true },
			);
			// A damaged record, removed by force, has nothing to deliver; the store has told that as a warning.
			if (!delivered && context.json) context.print("", { key, values: {} });
			return 0;
		},
		{ create: false },
	);
};
