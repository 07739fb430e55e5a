import { closeSync, existsSync, fsyncSync, openSync, unlinkSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import {
	type Config,
	defaultConfigFile,
	defaultRingFile,
	defaultStorePath,
	loadConfig,
	type Surroundings,
	surroundings,
} from "../../src/config/config.js";
import { refuseRemote } from "../../src/config/server.js";
import { storeLabel } from "../../src/config/store.js";
import { TroclaError } from "../../src/errors.js";
import { shellWord } from "../../src/input.js";
import type { SealedSite } from "../../src/seal/site.js";
import type { Run } from "../commands.js";
import { template } from "../config-template.js";
import { Context } from "../context.js";
import { tell } from "../output.js";
import { Progress } from "../progress.js";
import { tellUnopened } from "./rekey.js";

/** Writes a configuration where there is none, and opens its store once, so that what is wrong shows now. */
export const run: Run = async (context, _, flags) => {
	const around = surroundings();
	const keyFile = typeof flags.keyFile === "string" ? flags.keyFile : undefined;
	if (flags.sealed === true) return await initSealed(context, around, keyFile);
	if (keyFile !== undefined) throw new TroclaError("invalid", "--key-file is for --sealed", "Give both, or none");
	const file = resolve(context.configFile ?? (around.env.TROCLA_CONFIG || defaultConfigFile(around)));
	if (existsSync(file)) throw await alreadyThere(file, around);
	write(file, template(defaultStorePath(around), defaultRingFile(around)));
	const path = await makeStore(file).catch((error) => {
		unlinkSync(file);
		throw error;
	});
	if (context.json) context.print("", { config: file, store: path });
	else tell(`Wrote ${file}; the store is ${path}.\nTry: trocla get alice sha512crypt`);
	return 0;
};

/** Makes a sealed store, or seals the one that is there. */
async function initSealed(context: Context, around: Surroundings, keyFile: string | undefined): Promise<number> {
	const { sealSite } = await import("../../src/seal/site.js");
	const named = context.configFile ?? (around.env.TROCLA_CONFIG || undefined);
	const found = named === undefined || existsSync(named) ? await loadConfig(named, around) : undefined;
	if (found) refuseRemote(found);
	const file = found?.file ?? resolve(named ?? defaultConfigFile(around));
	const isNew = found?.file === undefined;
	const ringFile = resolve(keyFile ?? defaultRingFile(around));
	if (isNew) write(file, template(defaultStorePath(around), ringFile));
	else if (keyFile !== undefined) refuseOtherRing(found, ringFile, file);
	const progress = new Progress("Looked at keys");
	const site = await sealSite(file, ringFile, progress.update)
		.catch((error) => {
			if (isNew && !existsSync(defaultStorePath(around))) unlinkSync(file);
			throw error;
		})
		.finally(() => progress.end());
	if (isNew && !context.json) tell(`Wrote ${file}.`);
	reportSealed(context, file, site);
	return site.unopened === 0 && site.scrubbed ? 0 : 1;
}

function reportSealed(context: Context, file: string, site: SealedSite): void {
	const { records, resealed, unopened, faults, scrubbed, ring, ringMade, config } = site;
	const report = { config: file, store: storeLabel(config.store), records, resealed, unopened, faults, scrubbed };
	if (context.json) context.print("", { ...report, ring: ring.kind === "file" ? ring.path : ring.name, ringMade });
	else
		tell(
			`The store ${storeLabel(config.store)} is sealed${records > 0 ? `: ${resealed} of ${records} records just now` : ""}.`,
		);
	tellUnopened(site);
	if (resealed > 0) tell("Programs that had the store open before must be started again: they know nothing of it.");
	if (!scrubbed) {
		tell(`Other processes were using the store: its files may still hold what was not sealed.
  When they have ended, run again: trocla init --sealed -c ${shellWord(file)}`);
	}
	if (ring.kind === "file") {
		tell(`The key ring is ${ring.path}. BACK IT UP NOW, apart from the store and its backups:
without it no record can ever be read again, and whoever has both can read them all.`);
	}
}

function refuseOtherRing({ sealing }: Config, ringFile: string, file: string): void {
	const ring = sealing?.ring;
	if (!ring || (ring.kind === "file" && ring.path === ringFile)) return;
	throw new TroclaError(
		"config",
		`${file} names another key ring already (${ring.kind === "file" ? ring.path : ring.name})`,
		"Leave --key-file out. To move a ring, move its file and change key_file",
	);
}

async function alreadyThere(file: string, around: Surroundings): Promise<TroclaError> {
	const config = await loadConfig(file, around).catch(() => undefined);
	const seal = config && !config.sealing ? `. To seal its store: trocla init --sealed -c ${shellWord(file)}` : "";
	return new TroclaError(
		"config",
		`${file} is already there`,
		`It was left as it is: edit it, or name another file with -c${seal}`,
	);
}

/** Makes the store of a configuration and gives its path. */
async function makeStore(file: string): Promise<string> {
	return await new Context({ config: file }, "init").withOwnStore(
		async (trocla, config) => {
			await trocla.formats("init");
			return storeLabel(config.store);
		},
		{ create: true },
	);
}

function write(file: string, text: string): void {
	let fd: number;
	try {
		fd = openSync(file, "wx", 0o600);
	} catch (error) {
		const { message } = error as Error;
		throw new TroclaError("config", `${file} can't be written: ${message}`, "Name another file with -c");
	}
	try {
		writeSync(fd, text);
		fsyncSync(fd);
	} finally {
		closeSync(fd);
	}
}
