import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
	type Config,
	checkedConfig,
	configPlaces,
	loadConfig,
	type Surroundings,
	surroundings,
} from "../config/config.js";
import type { RubySource } from "./ruby.js";
import { isRubyConfig, readRubyConfig } from "./ruby-config.js";
import { sourceError } from "./source-error.js";

export interface RubyQuestion {
	/** The file that `--config` names: this trocla's configuration, or the Ruby trocla's. */
	readonly config: string | undefined;
	/** The Ruby trocla's configuration. */
	readonly source: string | undefined;
	/** The Ruby trocla's store itself. */
	readonly file: string | undefined;
}

/** Where the passwords come from, and which configuration's store they go to. */
export interface RubyMove {
	readonly from: RubySource;
	readonly to: Config;
}

/**
 * Finds both ends of a move from the Ruby trocla, whose configuration has the same places as ours.
 *
 * The source is the configuration `source`, else `config` where that is a Ruby trocla's, else the first such one in the
 * usual places; `file` takes the place of the store that it names, and needs none. The target is `config` where that is
 * ours, else the first of ours in the usual places, else the built-in one.
 *
 * @throws {TroclaError} `source`, `config`
 */
export async function findRubyMove(question: RubyQuestion, around = surroundings()): Promise<RubyMove> {
	const { config, file } = question;
	const isSource = config !== undefined && question.source === undefined && (await isRubyConfig(config));
	const source = isSource ? config : (question.source ?? (file === undefined ? await findRuby(around) : undefined));
	const store = source === undefined ? undefined : await readRubyConfig(resolve(source));
	const from = file === undefined ? store : { ...store, adapter: undefined, file };
	if (!from) {
		throw sourceError(
			"there is no configuration of a Ruby trocla in the usual places",
			"Name it with --source, or its store with --file",
		);
	}
	const to = isSource || config === undefined ? await findOurs(around) : await loadConfig(config, around);
	return { from, to };
}

async function findRuby(around: Surroundings): Promise<string | undefined> {
	for (const place of [around.env.TROCLA_CONFIG, ...configPlaces(around)]) {
		if (place && (await isRubyConfig(place))) return place;
	}
	return undefined;
}

/** Reads the first configuration that is ours, as `loadConfig` would if those of the Ruby trocla were not there. */
async function findOurs(around: Surroundings): Promise<Config> {
	const { TROCLA_CONFIG: named } = around.env;
	if (named && !(await isRubyConfig(named))) return await loadConfig(named, around);
	for (const place of configPlaces(around)) {
		if (existsSync(place) && !(await isRubyConfig(place))) return await loadConfig(place, around);
	}
	return await checkedConfig({}, undefined, around);
}
