import { loadConfig } from "../../src/config/config.js";
import { homeDirectory } from "../../src/config/home.js";
import { charsetNames } from "../../src/generate/charsets.js";
import { builtinProfiles } from "../../src/options/profiles.js";
import { type CommandSpec, commands, type Run } from "../commands.js";
import { Context } from "../context.js";
import { type Flag, globalFlags } from "../flags.js";
import { print } from "../output.js";

/** As many keys as anybody reads. */
const MAX_KEYS = 200;

/** What the words before the current one say about it. */
interface Line {
	readonly spec: CommandSpec | undefined;
	/** How many of the command's arguments are there already. */
	readonly args: number;
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
	let args = 0;
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
		} else if (spec) args++;
		else spec = commands.find(({ name }) => name === word);
	}
	return { spec, args, flag, ended, configFile };
}

async function candidates(context: Context, { spec, args, flag, ended }: Line, current: string): Promise<string[]> {
	if (flag) return await valuesOf(flag, context);
	const flags = [...(spec?.flags ?? []), ...globalFlags];
	if (!ended && current.startsWith("-")) return await flagsFrom(flags, current, context);
	if (!spec) return commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
	const argument = spec.args.split(" ")[args] ?? "";
	if (argument.includes("key")) {
		// Before `--` they would be taken for flags.
		return (await keys(context, current)).filter((key) => ended || !key.startsWith("-"));
	}
	if (argument.includes("format")) return [...(await context.config()).formats.names];
	return argument.includes("shell") ? ["bash", "zsh", "fish"] : [];
}

/** The names of flags; behind `--name=`, that flag's values. */
async function flagsFrom(flags: readonly Flag[], current: string, context: Context): Promise<string[]> {
	const [, name] = /^(--[^=]+)=/.exec(current) ?? [];
	if (name === undefined) return [...flags.flatMap(spellings), "--help"].filter((word) => word.startsWith("--"));
	const flag = flags.find((flag) => takesValue(flag) && spellings(flag).includes(name));
	return flag ? (await valuesOf(flag, context)).map((value) => `${name}=${value}`) : [];
}

async function valuesOf({ spelling }: Flag, context: Context): Promise<string[]> {
	if (spelling.includes("--charset")) return [...charsetNames];
	if (spelling.includes("--profile")) {
		return Object.keys({ ...builtinProfiles, ...(await loadConfig(context.configFile)).profiles });
	}
	if (spelling.includes("--encode")) return ["sha256", "md5"];
	return spelling.includes("--plugin") ? ["mysql_native_password", "caching_sha2_password", "ed25519"] : [];
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

const allFlags = () => [...globalFlags, ...commands.flatMap(({ flags }) => flags)];
const takesValue = ({ spelling }: Flag) => spelling.includes("<");
const spellings = ({ spelling }: Flag) => spelling.replace(/ [<[].*/, "").split(", ");
