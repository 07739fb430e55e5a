import { type Left, type Restored, restoreExport, WholeExport } from "../src/transfer/restore.js";
import { Source } from "../src/transfer/source.js";
import type { Context } from "./context.js";
import { count, number } from "./count.js";
import type { FlagValues } from "./flags.js";
import { readKey } from "./lock.js";
import { tell } from "./output.js";
import { Progress } from "./progress.js";

/**
 * `trocla import --from export`: restores an export into the configured store, and gives the exit code: 1 where a
 * record that is stored differs from the export's and was left.
 *
 * @param file - the export; `-` for standard input
 */
export async function restore(context: Context, file: string, flags: FlagValues): Promise<number> {
	await context.ownConfig();
	const { takesPassphrase } = await import("../src/transfer/lock.js");
	await using source =
		file === "-" ? await Source.ofStream(process.stdin, "standard input") : await Source.ofFile(file);
	const key = await readKey(context, flags, () => takesPassphrase(source.bytes(), source.name));
	// What is wrong with it changes nothing, and makes no store.
	const whole = await WholeExport.check(source, key);
	return await context.withRecords(
		async (records) => {
			const progress = new Progress("Restored keys");
			const left: { readonly key: string; readonly why: Left }[] = [];
			const restored = await restoreExport(records, whole, {
				overwrite: flags.overwrite === true,
				now: () => new Date(),
				seen: progress.update,
				left: (key, why) => {
					progress.end();
					if (context.json) left.push({ key, why });
					else tell(`trocla: ${JSON.stringify(key)} ${reasons[why]}`);
				},
			}).finally(() => progress.end());
			context.report(`${describe(restored)}.`, { ...restored, left });
			return restored.different + restored.damaged > 0 ? 1 : 0;
		},
		{ create: true, inGroups: true },
	);
}

const reasons: { readonly [Why in Left]: string } = {
	different: "is stored with other values, which were left as they are; --overwrite replaces them",
	damaged: "is damaged in the store; --overwrite replaces it",
	expired: "has expired, and was left out",
	missing: "is not in the export: it could not be read when that was made",
};

function describe({ written, replaced, same, different, damaged, expired, missing }: Restored): string {
	const parts: [keys: number, what: string][] = [
		[replaced, "replaced"],
		[same, "there already"],
		[different + damaged, "left as they are"],
		[expired, "expired and left out"],
		[missing, "missing in the export"],
	];
	const others = parts.filter(([keys]) => keys > 0).map(([keys, what]) => `${number(keys)} ${what}`);
	return [`${count(written, "key")} restored`, ...others].join(", ");
}
