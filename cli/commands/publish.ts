import { resolve } from "node:path";
import { TroclaError } from "../../src/errors.js";
import { differenceLines } from "../../src/publish/difference/print.js";
import { FaultyData } from "../../src/publish/faults.js";
import { initPublishing } from "../../src/publish/init.js";
import type { Step } from "../../src/publish/plan.js";
import { type Preview, previewSite } from "../../src/publish/preview.js";
import { publishSite, type SiteSettings } from "../../src/publish/publish-site.js";
import { publishPlaces } from "../../src/publish/settings.js";
import type { Run } from "../commands.js";
import type { Context } from "../context.js";
import { count, number } from "../count.js";
import type { FlagValues } from "../flags.js";
import { hieraPlaces } from "../hiera-places.js";
import { untilInterrupted } from "../interrupt.js";
import { manyAtOnce } from "../many-at-once.js";
import { LinePrinter, tell } from "../output.js";
import { readPeriod } from "../period.js";
import { Progress } from "../progress.js";
import { auditPublication, describePublication, remarks, some, tellFaults } from "../publish-report.js";

/** Publishes the accounts of every host, or says what that would change. */
export const run: Run = async (context, _, flags) => {
	checkFlags(flags);
	await context.ownConfig();
	if (flags.init === true) return await init(context, flags);
	if (flags.watch === true) {
		const { watch } = await import("../publish-watch.js");
		return await watch(context, await readSettings(context, flags), flags);
	}
	const opening = manyAtOnce();
	return await context.withOwnStore(
		async (trocla) => {
			const steps = new Steps();
			const settings = { ...(await readSettings(context, flags)), trocla, seen: steps.seen };
			const work = flags.dryRun === true ? preview : publish;
			try {
				return await untilInterrupted((signal) => work(context, { ...settings, signal }, steps));
			} catch (error) {
				steps.end();
				if (!(error instanceof FaultyData)) throw error;
				return tellFaults(context, error);
			}
		},
		{ create: false, ...opening },
	);
};

async function publish(context: Context, settings: SiteSettings, steps: Steps): Promise<number> {
	const published = await publishSite(settings);
	steps.end();
	await auditPublication(context, published);
	if (!context.json) for (const remark of remarks(published)) tell(`trocla: ${remark}`);
	context.report(describePublication(published), published, "It is published");
	return 0;
}

async function preview(context: Context, settings: SiteSettings, steps: Steps): Promise<number> {
	const previewed = await previewSite(settings);
	steps.end();
	if (context.json) context.print("", previewed);
	else {
		for (const remark of remarks({ notes: previewed.notes, missing: [] })) tell(`trocla: ${remark}`);
		const printer = new LinePrinter();
		for (const line of differenceLines(previewed.differences)) printer.print(line);
		printer.flush();
		tell(describePreview(previewed, settings.create));
	}
	return 0;
}

async function init(context: Context, flags: FlagValues): Promise<number> {
	const { tree, signingKey } = await readPlaces(context, flags);
	return await context.withOwnStore(
		async (trocla) => {
			const { fingerprint, made, files } = await initPublishing(trocla, { tree, signingKey });
			const what = made ? "Made the signing key" : "The signing key was there already";
			const where = files.length > 0 ? files.join(", ") : `in ${tree} once all hosts are published with it`;
			const text = `${what}, ${JSON.stringify(signingKey)} in the store, with the fingerprint\n${fingerprint}\nIts public part: ${where}\nNext: trocla publish --dry-run`;
			context.report(text, { fingerprint, key: signingKey, made, tree, files });
			return 0;
		},
		{ create: true },
	);
}

const MODES = { init: "--init", dryRun: "--dry-run", watch: "--watch" } as const;

/** What says how hosts are published. */
const OF_HOSTS = {
	host: "--host",
	hosts: "--hosts",
	hieraConfig: "--hiera-config",
	environment: "--environment",
	create: "--no-create",
	anew: "--anew",
	allowEmpty: "--allow-empty",
} as const;

/** @throws {TroclaError} `invalid` */
function checkFlags(flags: FlagValues): void {
	const [one, other] = givenOf(MODES, flags);
	if (other !== undefined) throw invalid(`${one} and ${other} don't go together`, "Give one of them");
	const [idle] = flags.init === true ? givenOf(OF_HOSTS, flags) : [];
	if (idle !== undefined) throw invalid(`${idle} does nothing with --init, which publishes no host`, "Leave it out");
	if (flags.every !== undefined) {
		if (flags.watch !== true) throw invalid("--every is for --watch", "Give both, or none");
		readPeriod("--every", flags.every, "5m");
	}
	// Of a variable that is not set; it would be the working directory.
	if (flags.tree === "") throw invalid("--tree is empty", "Name the directory to publish to");
}

function givenOf(spellings: { readonly [name: string]: string }, flags: FlagValues): string[] {
	return Object.entries(spellings).flatMap(([name, spelling]) => (flags[name] === undefined ? [] : [spelling]));
}

const invalid = (message: string, hint: string) => new TroclaError("invalid", message, hint);

async function readPlaces(context: Context, flags: FlagValues) {
	const places = publishPlaces(await context.config());
	return typeof flags.tree === "string" ? { ...places, tree: resolve(flags.tree) } : places;
}

async function readSettings(
	context: Context,
	flags: FlagValues,
): Promise<Omit<SiteSettings, "trocla" | "seen" | "signal">> {
	const config = await context.config();
	const { config: hieraConfig, hosts, environment } = await hieraPlaces(context, flags);
	if (hosts === undefined) {
		const hint =
			"Name a directory with a file of facts for each host: --hosts, or hiera: {hosts: ...} in the configuration";
		throw new TroclaError("config", "it is not said which hosts there are, and Puppet has no facts here", hint);
	}
	const { min_uid: minUid, min_gid: minGid, names } = config.accounts;
	return {
		hieraConfig,
		hosts,
		environment,
		rules: { minUid, minGid, names },
		...(await readPlaces(context, flags)),
		only: flags.host as readonly string[] | undefined, // it is repeatable
		create: config.createOnGet && flags.create !== false,
		allowEmpty: flags.allowEmpty === true,
		anew: flags.anew === true,
		warn: context.warn,
		now: () => new Date(),
	};
}

function describePreview({ hosts, differences, unmanaged, missing }: Preview, create: boolean): string {
	const sentences = [
		`Nothing was written (--dry-run): ${differences.length === 0 ? "nothing would change" : `${number(differences.length)} of ${count(hosts, "host")} would change`}.`,
		...(missing.length > 0
			? [`${create ? "Hashes that would be made" : "Hashes that are missing"}: ${missing.length}.`]
			: []),
		...(unmanaged.length > 0 ? [`Without accounts in any level: ${some(unmanaged)}.`] : []),
	];
	return sentences.join("\n");
}

const STEPS: { readonly [step in Step]: string } = {
	read: "Hosts read",
	made: "Hashes made",
	printed: "Hosts printed and signed",
	written: "Hosts written",
};

/** Shows how far the step under way is; one begins where the one before it ends. */
class Steps {
	#current: { readonly step: Step; readonly progress: Progress } | undefined;
	#begun = Date.now();

	readonly seen = (step: Step, done: number, total: number): void => {
		if (this.#current?.step !== step) {
			this.#current?.progress.end();
			this.#current = { step, progress: new Progress(STEPS[step], this.#begun) };
		}
		if (done === total) this.end();
		else this.#current.progress.update(done, total);
	};

	end(): void {
		this.#current?.progress.end();
		this.#current = undefined;
		this.#begun = Date.now();
	}
}
