import type { TroclaCalls } from "../src/calls.js";
import type { Config } from "../src/config/config.js";
import { loadConfig } from "../src/config/config.js";
import { refuseRemote } from "../src/config/server.js";
import { TroclaError } from "../src/errors.js";
import { checkFormat } from "../src/input.js";
import { type OpenSettings, openConfigured, openRecords } from "../src/open.js";
import type { StoreEvent } from "../src/records/change.js";
import type { Options } from "../src/records/record.js";
import type { RecordStore } from "../src/records/store.js";
import type { Trocla } from "../src/trocla.js";
import { type FlagValues, optionFlags } from "./flags.js";
import { print, tell } from "./output.js";

/** What every command has: the global flags, and the store behind them. */
export class Context {
	readonly configFile: string | undefined;
	readonly json: boolean;
	readonly #program: string;
	#config: Promise<Config> | undefined;

	/**
	 * @param command - the command's name
	 * @throws {TroclaError} `invalid`
	 */
	constructor(flags: FlagValues, command: string) {
		this.#program = `trocla ${command}`;
		if (flags.config === "") {
			throw new TroclaError(
				"invalid",
				"-c needs a file's name, and this one is empty",
				"For example: -c ./trocla.yaml",
			);
		}
		this.configFile = typeof flags.config === "string" ? flags.config : undefined;
		this.json = flags.json === true;
	}

	/** @throws {TroclaError} `config` */
	config(): Promise<Config> {
		this.#config ??= loadConfig(this.configFile);
		return this.#config;
	}

	/**
	 * The configuration, for what works on the store itself.
	 *
	 * @throws {TroclaError} `config` where the store is a daemon's
	 */
	async ownConfig(): Promise<Config> {
		const config = await this.config();
		refuseRemote(config);
		return config;
	}

	/**
	 * Makes sure that there is such a format. Of a daemon's formats only the daemon knows.
	 *
	 * @throws {TroclaError} `invalid`
	 */
	async checkFormat(format: string): Promise<void> {
		const { server, formats } = await this.config();
		if (!server) await checkFormat(format, formats);
	}

	/**
	 * Opens the configured store, which may be a daemon's, for as long as `use` takes.
	 *
	 * @param settings - `create`: whether the command stores something new: only then a store that is not there is made,
	 *   since else a mistyped path would look like a store without keys
	 */
	async withStore<Result>(
		use: (trocla: TroclaCalls, config: Config) => Promise<Result>,
		settings: Opening,
	): Promise<Result> {
		const config = await this.config();
		return await closing(await this.open(settings), (trocla) => use(trocla, config));
	}

	/** The same, for what a store on this machine alone can do. */
	async withOwnStore<Result>(
		use: (trocla: Trocla, config: Config) => Promise<Result>,
		settings: Opening,
	): Promise<Result> {
		const config = await this.ownConfig();
		const trocla = await openConfigured(config, { ...this.opening(settings.create), ...settings });
		return await closing(trocla, (trocla) => use(trocla, config));
	}

	/** Opens the records of a store on this machine, as they are, for as long as `use` takes. */
	async withRecords<Result>(
		use: (records: RecordStore, config: Config) => Promise<Result>,
		settings: Opening,
	): Promise<Result> {
		const config = await this.ownConfig();
		const records = await openRecords(config, { ...this.opening(settings.create), ...settings });
		return await closing(records, (records) => use(records, config));
	}

	/** Opens the configured store, which may be a daemon's; whoever opens it closes it. */
	async open(settings: Opening): Promise<TroclaCalls> {
		const config = await this.config();
		const opening = { ...this.opening(settings.create), ...settings };
		if (!config.server) return await openConfigured(config, opening);
		const { TroclaClient } = await import("../src/client/client.js");
		return await TroclaClient.to(config.server, opening.warn);
	}

	/** How this command opens a store. */
	opening(create: boolean): OpenSettings {
		return { warn: this.warn, create, program: this.#program };
	}

	/** Audits what this command did to the store as a whole. */
	async note(event: StoreEvent): Promise<void> {
		const { noteEvent } = await import("../src/after-change.js");
		await noteEvent(await this.config(), { warn: this.warn, program: this.#program }, event);
	}

	readonly warn = (message: string): void => tell(`trocla: warning: ${message}`);

	/** Prints a result: the object with `--json`, else the text; `hint` is said where that fails. */
	print(text: string, object: unknown, hint?: string): void {
		print(`${this.json ? JSON.stringify(object) : text}\n`, hint);
	}

	/**
	 * Says what was done: prints the object with `--json`, else tells the text, which is a message and no output. `hint` is
	 * said where printing fails.
	 */
	report(text: string, object: unknown, hint?: string): void {
		if (this.json) this.print("", object, hint);
		else tell(text);
	}

	/** Prints a stored value; `hint` is said where that fails. */
	printValue(stored: { key: string; format: string; value: string }, hint = "What was made is stored: run it again") {
		if (this.json) print(`${JSON.stringify(stored)}\n`, hint);
		// PEM ends its own last line.
		else print(stored.value.endsWith("-----\n") ? stored.value : `${stored.value}\n`, hint);
	}
}

type Opening = Partial<OpenSettings> & Pick<OpenSettings, "create">;

async function closing<Opened extends { close(): Promise<void> }, Result>(
	opened: Opened,
	use: (opened: Opened) => Promise<Result>,
): Promise<Result> {
	try {
		return await use(opened);
	} finally {
		await opened.close();
	}
}

/** The options of a call: flags, over them `-o name=value`, over them the YAML argument. */
export async function readOptions(flags: FlagValues, yaml: string | undefined): Promise<Options> {
	const options: { [name: string]: unknown } = {};
	for (const { spelling, option } of optionFlags) {
		const name = /--(?:no-)?([a-z]+)/.exec(spelling)?.[1] ?? "";
		const value = flags[name];
		if (option && value !== undefined)
			options[option.name] = typeof value === "string" && option.read ? option.read(value) : value;
	}
	for (const pair of (flags.option as string[] | undefined) ?? []) {
		const [, name, value] = /^([^=]+)=(.+)$/s.exec(pair) ?? [];
		if (name === undefined || value === undefined) throw noValue(pair);
		const read = await readYaml(value, `the value of -o ${name}`);
		if (read === undefined || read === null) throw noValue(pair);
		options[name] = read;
	}
	if (yaml === undefined || yaml.trim() === "") return options;
	// Both a map's usual form and, for one line, the form without its braces: `length: 32, charset: shellsafe`.
	const map = (await readYaml(yaml, "OPTIONS").catch(() => undefined)) ?? (await readYaml(`{${yaml}}`, "OPTIONS"));
	if (typeof map !== "object" || map === null || Array.isArray(map)) {
		throw new TroclaError("invalid", "OPTIONS must be a YAML map of names to values", "For example: 'length: 32'");
	}
	return { ...options, ...map };
}

const noValue = (pair: string) =>
	// What stands behind the name may be a passphrase.
	new TroclaError(
		"invalid",
		pair.includes("=")
			? `-o takes name=value, and ${JSON.stringify(pair.replace(/=.*/s, ""))} has no value`
			: `-o takes name=value, not ${JSON.stringify(pair)}`,
		"For example: -o cost=12",
	);

async function readYaml(text: string, what: string): Promise<unknown> {
	const { parseYaml } = await import("../src/config/yaml.js");
	try {
		return parseYaml(text);
	} catch (error) {
		throw new TroclaError("invalid", `${what} is not YAML: ${(error as Error).message}`, "For example: 'length: 32'");
	}
}
