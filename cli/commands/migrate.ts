import { loadConfig } from "../../src/config/config.js";
import { refuseRemote } from "../../src/config/server.js";
import { TroclaError } from "../../src/errors.js";
import { openRecords } from "../../src/open.js";
import { type LeftBehind, type Migrated, migrate, refuseTarget } from "../../src/transfer/migrate.js";
import type { Run } from "../commands.js";
import { count, number } from "../count.js";
import { tell } from "../output.js";
import { Progress } from "../progress.js";

/** Copies the configured store into another one; exits 1 where a key differs in the end. */
export const run: Run = async (context, _, flags) => {
	const target = await loadConfig(targetOf(flags.to));
	refuseRemote(target);
	refuseTarget(await context.ownConfig(), target);
	return await context.withRecords(
		async (source) => {
			const copy = await openRecords(target, { ...context.opening(true), inGroups: true });
			const steps = { copied: new Progress("Copied keys"), compared: new Progress("Compared keys") };
			const endSteps = () => {
				for (const step of Object.values(steps)) step.end();
			};
			const left: { readonly key: string; readonly why: LeftBehind }[] = [];
			let foreign = 0;
			try {
				const migrated = await migrate(source, copy, {
					overwrite: flags.overwrite === true,
					now: () => new Date(),
					seen: (step, done, total) => steps[step].update(done, total),
					left: (key, why) => {
						endSteps();
						// A target may well have a site's whole store of its own.
						if (why === "only-in-target" && ++foreign > MOST_FOREIGN && !context.json) return;
						if (context.json) left.push({ key, why });
						else tell(`trocla: ${JSON.stringify(key)} ${reasons[why]}`);
					},
				}).finally(endSteps);
				context.report(`${describe(migrated)}.`, { ...migrated, left });
				return migrated.differ > 0 ? 1 : 0;
			} finally {
				await copy.close();
			}
		},
		{ create: false },
	);
};

/** So many keys that only the target has are named. */
const MOST_FOREIGN = 20;

function targetOf(flag: unknown): string {
	const [file] = [flag].flat().slice(-1);
	if (typeof file === "string" && file !== "") return file;
	throw new TroclaError(
		"invalid",
		"it is not said where to copy the records to",
		"Give --to CONFIG, the configuration of the other store; trocla init -c CONFIG makes one",
	);
}

const reasons: { readonly [Why in LeftBehind]: string } = {
	different: "has another record in the target, which was left as it is; --overwrite replaces it",
	damaged: "has a damaged record in the target, which was left as it is; --overwrite replaces it",
	unreadable: "can't be read in the source; trocla doctor tells why",
	changing: "goes on being changed in the source",
	"only-in-target": "is only in the target: it was there before, or the source deleted it meanwhile",
};

function describe({ copied, same, expired, again, differ, onlyInTarget }: Migrated): string {
	const parts = [
		`${count(copied, "key")} copied`,
		...(same > 0 ? [`${number(same)} there already`] : []),
		...(again > 0 ? [`${number(again)} copied again, for they changed meanwhile`] : []),
		...(expired > 0 ? [`${number(expired)} expired and left out`] : []),
		...(onlyInTarget > 0 ? [`${number(onlyInTarget)} only in the target`] : []),
		`${number(differ)} ${differ === 1 ? "differs" : "differ"}`,
	];
	return parts.join(", ");
}
