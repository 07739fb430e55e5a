import { formatNames } from "../../formats/index.js";
import { charsetNames } from "../../src/charsets.js";
import { loadConfig } from "../../src/config.js";
import { builtinProfiles } from "../../src/profiles.js";
import { type CommandSpec, commands, type Run } from "../commands.js";
import type { Context } from "../context.js";
import { type Flag, globalFlags } from "../flags.js";
import { print } from "../output.js";

/** As many keys as anybody reads. */
const MAX_KEYS = 200;

/** Prints what may stand in the place of the last word, one a line. Anything that goes wrong means no candidates. */
export const run: Run = async (context, args) => {
	const words = (args[0] as unknown as string[] | undefined) ?? [];
	const found = await candidates(context, words).catch(() => []);
	const current = words.at(-1) ?? "";
	print(
		found
			.filter((word) => word.startsWith(current))
			.map((word) => `${word}\n`)
			.join(""),
	);
	return 0;
};

async function candidates(context: Context, words: readonly string[]): Promise<string[]> {
	const current = words.at(-1) ?? "";
	const before = words.slice(0, -1);
	const spec = commands.find(({ name }) => before.includes(name));
	const flags = [...(spec?.flags ?? []), ...globalFlags];
	const flag = flags.find((flag) => takesValue(flag) && spellings(flag).includes(before.at(-1) ?? ""));
	if (flag) return await valuesOf(flag, context);
	if (current.startsWith("-")) return [...flags.flatMap(spellings), "--help"].filter((word) => word.startsWith("--"));
	if (!spec) return commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
	const argument = spec.args.split(" ")[countArguments(before, spec, flags)] ?? "";
	if (argument.includes("key")) return await keys(context, current);
	if (argument.includes("format")) return [...formatNames];
	return argument.includes("shell") ? ["bash", "zsh", "fish"] : [];
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
	await context.withStore(async (trocla) => {
		for await (const key of trocla.search(new RegExp(`^${prefix.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}`))) {
			if (found.push(key) === MAX_KEYS) break;
		}
	});
	return found;
}

/** How many arguments stand between the command's name and the current word. */
function countArguments(before: readonly string[], { name }: CommandSpec, flags: readonly Flag[]): number {
	const valued = flags.filter(takesValue).flatMap(spellings);
	const after = before.slice(before.indexOf(name) + 1);
	return after.filter((word, index) => !word.startsWith("-") && !valued.includes(after[index - 1] ?? "")).length;
}

const takesValue = ({ spelling }: Flag) => spelling.includes("<");
const spellings = ({ spelling }: Flag) => spelling.replace(/ [<[].*/, "").split(", ");
