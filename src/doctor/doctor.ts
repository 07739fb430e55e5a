import { readdirSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { storeKind } from "../../backends/index.js";
import { shellQuote } from "../../backends/shell-quote.js";
import { NEW_SUFFIX } from "../../backends/sqlite/create.js";
import { isBelowDirectory } from "../../backends/sqlite/file.js";
import { libcrypt } from "../../formats/libcrypt.js";
import { type Config, loadConfig } from "../config/config.js";
import { storeFile, storeLabel } from "../config/store.js";
import { openConfigured } from "../open.js";
import { resolveOptions, sourceOf } from "../options/options.js";
import { checkOwnOptions } from "../options/rules.js";
import type { Seal } from "../records/store.js";
import { Census } from "../seal/census.js";
import { checkCensus, checkRing } from "../seal/check.js";
import { type Finding, fault, note, ok } from "./finding.js";

/** Who hears how far a check is. */
export interface Watchers {
	/** How many keys were looked at so far. */
	readonly keys: (count: number) => void;
	/** How many lines of the audit. */
	readonly lines: (count: number) => void;
}

/** Checks all that a working trocla needs, and changes nothing: it does not make a store that is not there. */
export async function* diagnose(configFile: string | undefined, seen: Watchers): AsyncGenerator<Finding> {
	let config: Config;
	try {
		config = await loadConfig(configFile);
		// The daemon's machine makes the hashes.
		if (!config.server) yield await checkLibcrypt();
		await checkFormatOptions(config);
		yield ok("configuration", config.file ?? "none found, so the built-in one is used");
	} catch (error) {
		yield fault("configuration", error);
		return;
	}
	if (config.server) {
		const { checkDaemon } = await import("./daemon.js");
		return yield* checkDaemon(config.server);
	}
	yield* checkHooks(config);
	if (config.audit !== undefined) {
		const { checkAudit } = await import("../audit/check.js");
		yield* checkAudit(config.audit, seen.lines);
	}
	const ring = [...checkRing(config)];
	yield* ring;
	if (config.store.name === "memory") {
		yield note("store", "memory: every password ends with its process", "Set store: sqlite to keep them");
		return;
	}
	const { caution } = storeKind(config.store.name);
	if (caution !== undefined) yield note("store", caution, "Use a store of trocla's own: docs/stores.md");
	const file = storeFile(config.store);
	const files = file === undefined ? undefined : look(file);
	// What can't be looked at can't be opened either, and opening it tells why and what to do.
	if (files === undefined) return yield* checkStore(config, seen.keys);
	yield* files.findings;
	// Without the ring each record would be one more fault.
	if (ring.some(({ state }) => state === "fault")) return;
	if (files.isThere) yield* checkStore(config, seen.keys);
	else yield ok("store", `${file} is not there yet; the first password makes it`);
}

/** What the file system tells of a store; `undefined` where it may not be looked at, or is no file. */
function look(path: string): { isThere: boolean; findings: readonly Finding[] } | undefined {
	try {
		const stats = statSync(path, { throwIfNoEntry: false });
		if (stats ? !stats.isFile() : !isBelowDirectory(path)) return undefined;
		return { isThere: stats !== undefined, findings: [...checkFiles(path)] };
	} catch {
		return undefined;
	}
}

async function checkLibcrypt(): Promise<Finding> {
	const system = await libcrypt();
	if (system?.gensalt("$y$", 0)) return ok("libcrypt", `${system.file}, with yescrypt`);
	return note(
		"libcrypt",
		"not found: yescrypt and md5crypt can't be made, and the other hashes take longer",
		"Install libxcrypt (Debian: libcrypt1, Fedora: libxcrypt)",
	);
}

/** The values of the formats' own options, which otherwise are looked at when the format is asked for. */
async function checkFormatOptions(config: Config): Promise<void> {
	for (const name of config.formats.names) {
		const format = await config.formats.load(name);
		for (const profile of [undefined, ...Object.keys(config.profiles)]) {
			const call = profile === undefined ? {} : { profiles: profile };
			const { own } = resolveOptions(config, name, call);
			checkOwnOptions(name, format, own, sourceOf(config, name, call));
		}
	}
}

async function* checkHooks({ hooks }: Config): AsyncGenerator<Finding> {
	if (!hooks) return;
	const { hookFault } = await import("../hooks/program.js");
	for (const [action, programs] of Object.entries(hooks)) {
		for (const [name, path] of Object.entries<string>(programs)) {
			const hook = `${action} ${JSON.stringify(name)}`;
			const found = hookFault(path);
			if (found) yield { check: "hooks", state: "fault", message: `${hook}: ${found.message}`, mend: found.mend };
			else yield ok("hooks", `${hook}: ${path}`);
		}
	}
}

function* checkFiles(path: string): Generator<Finding> {
	const directory = statSync(dirname(path), { throwIfNoEntry: false });
	if (directory && directory.mode & 0o077) {
		yield note(
			"permissions",
			`${dirname(path)} can be entered by others (mode ${octal(directory)})`,
			`Run: chmod 700 ${shellQuote(dirname(path))}`,
		);
	}
	let exposed = false;
	for (const file of [path, `${path}-wal`, `${path}-shm`]) {
		const stats = statSync(file, { throwIfNoEntry: false });
		if (!stats || !(stats.mode & 0o077)) continue;
		exposed = true;
		yield {
			check: "permissions",
			state: "fault",
			message: `${file} can be read by others (mode ${octal(stats)})`,
			mend: `Run: chmod 600 ${shellQuote(file)}`,
		};
	}
	if (!exposed) yield ok("permissions", "only the owner can read the store");
	const leftovers = directory
		? readdirSync(dirname(path)).filter((name) => name.startsWith(basename(path) + NEW_SUFFIX))
		: [];
	for (const name of leftovers) {
		yield note(
			"store",
			`${join(dirname(path), name)} was left by a process that died while it made the store`,
			`Run: rm ${shellQuote(join(dirname(path), name))}`,
		);
	}
}

async function* checkStore(config: Config, seen: (keys: number) => void): AsyncGenerator<Finding> {
	try {
		const census = new Census();
		const watch = (seal: Seal) => census.watching(seal);
		await using trocla = await openConfigured(
			{ ...config, audit: undefined },
			{ warn: () => {}, create: false, watch },
		);
		let keys = 0;
		let faults = 0;
		const count = (records: number) => {
			keys = records;
			seen(records);
		};
		for await (const { message, hint } of trocla.faults(count)) {
			faults++;
			yield { check: "store", state: "fault", message, ...(hint && { mend: hint }) };
		}
		yield* checkCensus(config, census, keys);
		if (faults === 0)
			yield ok(
				"store",
				`${storeLabel(config.store)}: ${keys === 1 ? "1 key, which is" : `${keys} keys, all of them`} sound`,
			);
	} catch (error) {
		yield fault("store", error);
	}
}

const octal = ({ mode }: Stats) => (mode & 0o7777).toString(8).padStart(4, "0");
