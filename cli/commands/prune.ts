import type { Run } from "../commands.js";
import { LinePrinter, tell } from "../output.js";
import { Progress } from "../progress.js";

/** Deletes expired keys and prints them. */
export const run: Run = async (context, _, flags) =>
	await context.withOwnStore(
		async (trocla) => {
			const dryRun = flags.dryRun === true;
			const progress = new Progress("Looked at keys");
			const printer = new LinePrinter();
			const pruned: string[] = [];
			for await (const key of trocla.prune({ dryRun, seen: progress.update })) {
				if (!context.json) printer.print(key);
				else pruned.push(key);
			}
			progress.end();
			printer.flush();
			if (context.json) context.print("", { pruned, dryRun });
			else if (process.stderr.isTTY) tell(dryRun ? "Nothing was deleted (--dry-run)." : "Done.");
			return 0;
		},
		{ create: false },
	);
