import { loadConfig } from "../../src/config/config.js";
import { homeDirectory } from "../../src/config/home.js";
import { charsetNames } from "../../src/generate/charsets.js";
import { listHosts } from "../../src/hiera/facts.js";
import { STRATEGIES } from "../../src/hiera/merge.js";
import { findHosts } from "../../src/hiera/places.js";
import { RENDERINGS } from "../../src/hiera/render.js";
import { builtinProfiles } from "../../src/options/profiles.js";
import { type CommandSpec, commands, type Run } from "../commands.js";
import { Context } from "../context.js";
import { type Flag, globalFlags, importSources } from "../flags.js";
import { print } from "../output.js";

/** As many keys as anybody reads. */
const MAX_KEYS = 200;

/** What the words before the current one say about it. */
interface Line {
	readonly spec: CommandSpec | undefined;
	/** The command's arguments that are there already. */
	readonly args: readonly string[];
	/** The flag whose value the current word is. */
	readonly flag: Flag | undefined;
	/** Whether `--` has put an end to flags. */
	readonly ended: boolean;
	readonly configFile: string | undefined;
}

/** Prints what may stand in the place of the last word, one a line. Anything that goes wrong means no candidates. */
export const run: Run = async (context, args) => {
	const words = (args[0] as unknown as string[] | undefined) ?? [];
	const current = words.at(-1) ?? "";
	const line = readLine(words.slice(0, -1));
	const asked = new Context({ config: line.configFile ?? context.configFile }, "complete");
	const found = await candidates(asked, line, current).catch(() => []);
	print(
		found
			.filter((word) => word.startsWith(current))
			.map((word) => `${word}\n`)
			.join(""),
	);
	return 0;
};

function readLine(before: readonly string[]): Line {
	let spec: CommandSpec | undefined;
	const args: string[] = [];
	let flag: Flag | undefined;
	let ended = false;
	let configFile: string | undefined;
	const take = (owner: Flag | undefined, value: string) => {
		if (owner?.spelling.includes("--config")) configFile = value.replace(/^~(?=\/)/, () => homeDirectory());
	};
	for (const word of before) {
		if (flag) {
			take(flag, word);
			flag = undefined;
		} else if (!ended && word === "--") ended = true;
		else if (!ended && /^-./.test(word)) {
			const [, name = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? /^(-[a-z])(.+)$/s.exec(word) ?? [];
			const owner = allFlags().find((flag) => takesValue(flag) && spellings(flag).includes(name));
			if (value === undefined) flag = owner;
			else take(owner, value);
		} else if (spec) args.push(word);
		else spec = commands.find(({ name }) => name === word);
	}
	return { spec, args, flag, ended, configFile };
}

async function candidates(context: Context, line: Line, current: string): Promise<string[]> {
	const { spec, args, flag, ended } = line;
	if (flag) return await valuesOf(flag, line, context);
	const flags = [...(spec?.flags ?? []), ...globalFlags];
	if (!ended && current.startsWith("-")) return await flagsFrom(flags, line, current, context);
	if (!spec) return commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
	const argument = argumentNames(spec)[args.length] ?? "";
	if (/^[<[]key[\]>]$/.test(argument)) {
		// Before `--` they would be taken for flags.
		return (await keys(context, current)).filter((key) => ended || !key.startsWith("-"));
	}
	if (argument.includes("format")) return await formatNames(context);
	return argument.includes("shell") ? ["bash", "zsh", "fish"] : [];
}

/** The names of flags; behind `--name=`, that flag's values. */
async function flagsFrom(flags: readonly Flag[], line: Line, current: string, context: Context): Promise<string[]> {
	const [, name] = /^(--[^=]+)=/.exec(current) ?? [];
	if (name === undefined) return [...flags.flatMap(spellings), "--help"].filter((word) => word.startsWith("--"));
	const flag = flags.find((flag) => takesValue(flag) && spellings(flag).includes(name));
	return flag ? (await valuesOf(flag, line, context)).map((value) => `${name}=${value}`) : [];
}

async function valuesOf({ spelling }: Flag, line: Line, context: Context): Promise<string[]> {
	if (spelling.includes("--charset")) return [...charsetNames];
	if (spelling.includes("--profile")) {
		return Object.keys({ ...builtinProfiles, ...(await loadConfig(context.configFile)).profiles });
	}
	if (spelling.includes("--from")) return [...importSources];
	if (spelling.includes("--render ")) return await partsOf(line, context);
	if (spelling.includes("--merge")) return [...STRATEGIES];
	if (spelling.includes("--render-as")) return [...RENDERINGS];
	if (/^--(host|node) /.test(spelling)) return await hosts(context);
	if (spelling.includes("--encode")) return ["sha256", "md5"];
	return spelling.includes("--plugin") ? ["mysql_native_password", "caching_sha2_password", "ed25519"] : [];
}

/** The parts of the format that the line asks for. */
async function partsOf({ spec, args }: Line, context: Context): Promise<string[]> {
	const { formats } = await context.config();
	const format = spec && args[argumentNames(spec).indexOf("<format>")];
	return format !== undefined && formats.has(format) ? Object.keys((await formats.load(format)).render ?? {}) : [];
}

async function hosts(context: Context): Promise<string[]> {
	const directory = (await context.config()).hiera.hosts ?? findHosts();
	return directory === undefined ? [] : await listHosts(directory);
}

/** The daemon's, where it tells them. */
async function formatNames(context: Context): Promise<string[]> {
	const { server, formats } = await context.config();
	const own = [...formats.names];
	if (!server) return own;
	return await context.withStore((trocla) => trocla.formats(), { create: false }).catch(() => own);
}

async function keys(context: Context, prefix: string): Promise<string[]> {
	const found: string[] = [];
	const pattern = new RegExp(`^${prefix.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}`);
	await context.withStore(
		async (trocla) => {
			for await (const key of trocla.search(pattern)) {
				if (found.push(key) === MAX_KEYS) break;
			}
		},
		{ create: false },
	);
	return found;
}

const argumentNames = ({ args }: CommandSpec) => args.split(" ");
const allFlags = () => [...globalFlags, ...commands.flatMap(({ flags }) => flags)];
const takesValue = ({ spelling }: Flag) => spelling.includes("<");
const spellings = ({ spelling }: Flag) => spelling.replace(/ [<[].*/, "").split(", ");
