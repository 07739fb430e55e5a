import type { Run } from "../commands.js";
import type { Context } from "../context.js";
import { tell } from "../output.js";
import { Progress } from "../progress.js";

/** Seals every record with a new key, or takes the old keys out of the ring. */
export const run: Run = async (context, _, flags) => (flags.dropOld === true ? dropOld(context) : rekey(context));

async function rekey(context: Context): Promise<number> {
	const { rekey } = await import("../../src/seal/rekey.js");
	const progress = new Progress("Looked at keys");
	const result = await rekey(await context.ownConfig(), progress.update).finally(() => progress.end());
	const { key, added, records, resealed, unopened, faults, oldKeys } = result;
	await context.note({ action: "rekey", outcome: unopened === 0 ? "done" : "failed", count: resealed });
	if (context.json) context.print("", { key, added, records, resealed, unopened, oldKeys, faults });
	else
		tell(`${added ? "Made the key" : "Went on with the key"} ${key}: ${resealed} of ${records} records sealed anew.`);
	if (!context.json && !added) {
		tell("No new key was made, since records were not sealed with that one yet. For a new key, run it once more.");
	}
	tellUnopened(result);
	if (!context.json && unopened === 0 && oldKeys.length > 0) {
		tell(
			`Back the key ring up${added ? ": it has a new key" : ""}. The older keys (${oldKeys.join(", ")}) can go in ten minutes: trocla rekey --drop-old`,
		);
	}
	return unopened === 0 ? 0 : 1;
}

async function dropOld(context: Context): Promise<number> {
	const { dropOld } = await import("../../src/seal/rekey.js");
	const progress = new Progress("Looked at keys");
	const dropped = await dropOld(await context.ownConfig(), progress.update).finally(() => progress.end());
	if (context.json) context.print("", { dropped });
	else if (dropped.length === 0) tell("The key ring has no older key.");
	else tell(`Dropped ${dropped.join(", ")}. Backups of the store from before need the ring's backup from then.`);
	return 0;
}

/** Names the records that are still as they were, since they can't be opened. */
export function tellUnopened({
	unopened,
	faults,
}: {
	readonly unopened: number;
	readonly faults: readonly { readonly message: string; readonly hint: string | undefined }[];
}): void {
	for (const { message, hint } of faults) tell(`trocla: ${message}${hint ? `\n  ${hint}` : ""}`);
	if (unopened > faults.length) tell(`trocla: and ${unopened - faults.length} more; trocla doctor names them all`);
}
