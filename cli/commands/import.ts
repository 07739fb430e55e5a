import { join } from "node:path";
import type { Config } from "../../src/config/config.js";
import { homeDirectory } from "../../src/config/home.js";
import { storeLabel } from "../../src/config/store.js";
import { TroclaError } from "../../src/errors.js";
import type { Reader } from "../../src/import/foreign.js";
import type { ImportCounts } from "../../src/import/import.js";
import type { Problem } from "../../src/import/incoming.js";
import type { Run } from "../commands.js";
import type { Context } from "../context.js";
import { count, number } from "../count.js";
import { type FlagValues, importSources } from "../flags.js";
import { tell } from "../output.js";
import { Progress } from "../progress.js";

/** Where keys come from, in words, how to read them, and the configuration whose store they go to. */
interface Move {
	readonly from: string;
	readonly to: Config;
	read(): Reader;
}

/** Brings in what another store has; exits 1 where something of it did not come in. */
export const run: Run = async (context, _, flags) => {
	const source = sourceOf(flags);
	if (source === "export") return await fromExport(context, flags);
	const move = await findMove(context, source, flags);
	const dryRun = flags.dryRun === true;
	const progress = new Progress("Read keys");
	const problems: Problem[] = [];
	const { importInto } = await import("../../src/import/import-into.js");
	const counts = await importInto(move.to, move.read(), {
		prefix: text(flags, "prefix") ?? "",
		overwrite: flags.overwrite === true,
		dryRun,
		opening: { ...context.opening(!dryRun), inGroups: true },
		problem(problem) {
			if (context.json) problems.push(problem);
			else {
				progress.end();
				tell(`trocla: ${line(problem)}`);
			}
		},
		seen: progress.update,
	}).finally(() => progress.end());
	context.report(summary(counts, dryRun, move), { ...counts, dryRun, problems });
	return counts.differing + counts.unreadable > 0 ? 1 : 0;
};

type Source = (typeof importSources)[number];

const FOREIGN_FLAGS = ["prefix", "dryRun"];

/** What each source takes besides the flags of all. */
const OWN_FLAGS: { readonly [From in Source]: readonly string[] } = {
	ruby: ["source", ...FOREIGN_FLAGS],
	shadow: ["passwd", "minUid", ...FOREIGN_FLAGS],
	csv: FOREIGN_FLAGS,
	pass: FOREIGN_FLAGS,
	export: ["identity", "passphrase", "passphraseFile"],
};

/** What to import from; refuses the flags of another source. */
function sourceOf(flags: FlagValues): Source {
	const from = text(flags, "from");
	const source = importSources.find((name) => name === from);
	if (source === undefined) {
		throw new TroclaError(
			"invalid",
			from === undefined ? "--from must say what to import from" : `--from ${from} is not known`,
			`Known: ${importSources.join(", ")}. For example: trocla import --from ruby --config /etc/troclarc.yaml`,
		);
	}
	const special = new Set(Object.values(OWN_FLAGS).flat());
	const misplaced = [...special].find((name) => flags[name] !== undefined && !OWN_FLAGS[source].includes(name));
	if (misplaced !== undefined) {
		const spelling = misplaced.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
		throw new TroclaError("invalid", `--${spelling} does not go with --from ${source}`, "See: trocla import --help");
	}
	return source;
}

async function fromExport(context: Context, flags: FlagValues): Promise<number> {
	const file = text(flags, "file");
	if (file === undefined) {
		throw new TroclaError("invalid", "--from export needs --file", "It names the export; - is standard input");
	}
	const { restore } = await import("../restore.js");
	return await restore(context, file, flags);
}

async function findMove(context: Context, source: Exclude<Source, "export">, flags: FlagValues): Promise<Move> {
	if (source === "ruby") return await fromRuby(context, flags);
	return { to: await context.config(), ...(await fromFile(source, flags)) };
}

async function fromRuby({ configFile: config }: Context, flags: FlagValues): Promise<Move> {
	const { findRubyMove } = await import("../../src/import/ruby-places.js");
	const { readRuby } = await import("../../src/import/ruby.js");
	const { from, to } = await findRubyMove({ config, source: text(flags, "source"), file: text(flags, "file") });
	return { from: from.file, to, read: () => readRuby(from) };
}

const FILE_HINTS = {
	shadow: "For example: --file /etc/shadow --passwd /etc/passwd",
	csv: "It names the file to read; - is standard input",
	pass: "It names the password store's directory",
};

async function fromFile(source: "shadow" | "csv" | "pass", flags: FlagValues): Promise<Omit<Move, "to">> {
	const file = text(flags, "file") ?? (source === "pass" ? passwordStore() : undefined);
	if (file === undefined) {
		throw new TroclaError("invalid", `--from ${source} needs --file`, FILE_HINTS[source]);
	}
	if (source === "pass") {
		const { readPass } = await import("../../src/import/pass.js");
		return { from: file, read: () => readPass(file) };
	}
	if (source === "csv") {
		const { readCsv } = await import("../../src/import/csv.js");
		return { from: file === "-" ? "standard input" : file, read: () => readCsv(file) };
	}
	const { MIN_UID, readShadow } = await import("../../src/import/shadow.js");
	const options = { passwd: text(flags, "passwd"), minUid: readUid(flags.minUid ?? String(MIN_UID)) };
	if (flags.minUid !== undefined && options.passwd === undefined) {
		throw new TroclaError(
			"invalid",
			"--min-uid needs --passwd",
			"A shadow file has no uids: give --passwd /etc/passwd too",
		);
	}
	return { from: file, read: () => readShadow(file, options) };
}

const passwordStore = () => process.env.PASSWORD_STORE_DIR || join(homeDirectory(), ".password-store");

function readUid(flag: unknown): number {
	if (/^\d{1,10}$/.test(String(flag))) return Number(flag);
	throw new TroclaError(
		"invalid",
		`--min-uid takes a number, not ${JSON.stringify(flag)}`,
		"For example: --min-uid 500",
	);
}

/** What a flag says; one without anything in it is a slip, as an empty variable in a script. */
function text(flags: FlagValues, name: string): string | undefined {
	const value = flags[name];
	if (value === "") throw new TroclaError("invalid", `--${name} is empty`, "See: trocla import --help");
	return typeof value === "string" ? value : undefined;
}

function line({ key, message, hint }: Problem): string {
	return `${JSON.stringify(key)} ${message}${hint === undefined ? "" : ` (${hint})`}`;
}

function summary(counts: ImportCounts, dryRun: boolean, { from, to }: Move): string {
	const { imported, same, differing, unreadable, skipped } = counts;
	const parts = [
		`${dryRun ? "Would import" : "Imported"} ${count(imported, "key")} from ${from} into ${storeLabel(to.store)}`,
		...(same > 0 ? [`${number(same)} ${same === 1 ? "was" : "were"} there already`] : []),
		...Object.entries(skipped).map(([reason, keys]) => `${number(keys)} ${reason}`),
		...(differing > 0 ? [`${number(differing)} ${differing === 1 ? "differs" : "differ"} and stayed`] : []),
		...(unreadable > 0 ? [count(unreadable, "fault")] : []),
	];
	return `${parts.join("; ")}.`;
}
