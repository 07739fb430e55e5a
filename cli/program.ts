import { Command, Option } from "commander";
import { version } from "../package.json";
import type { TroclaError } from "../src/errors.js";
import { type CommandSpec, commands } from "./commands.js";
import { Context } from "./context.js";
import { type Flag, type FlagValues, globalFlags, optionFlags } from "./flags.js";
import { tell } from "./output.js";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs a command line (without `node` and the script) and gives its exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(argv: readonly string[]): Promise<number> {
	let exitCode = 0;
	const program = new Command("trocla")
		.description("Passwords for configuration management: made on demand, stored once, in every format.")
		.version(`trocla ${version}`, "-V, --version", "print the version")
		.helpOption("-h, --help", "show help; also: trocla help COMMAND")
		.enablePositionalOptions()
		.exitOverride()
		.configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "trocla: ")) })
		.addHelpText("after", programExamples);
	program.showHelpAfterError("See: trocla --help");
	for (const spec of commands) addCommand(program, spec, async (context, args, flags) => {
		exitCode = await (await spec.load()).run(context, args, flags);
	});
	// Flags that stand before the command's name; help shows each where it belongs.
	addFlags(program, globalFlags);
	addFlags(program, allFlags().filter((flag) => !globalFlags.includes(flag)), true);
	// Only the command that is called gets its flags: declaring all of them is what a start would wait for.
	program.hook("preSubcommand", (_, command) => {
		const spec = commands.find(({ name }) => name === command.name());
		if (spec) addFlags(command, [...spec.flags, ...globalFlags]);
	});

	const trace = argv.includes("--trace");
	try {
		await program.parseAsync([...argv], { from: "user" });
		return exitCode;
	} catch (error) {
		return report(error as Error, argv.includes("--json"), trace);
	}
}

type Action = (context: Context, args: readonly (string | undefined)[], flags: FlagValues) => Promise<void>;

function addCommand(program: Command, spec: CommandSpec, action: Action): void {
	const command = program.command(spec.name, { hidden: spec.hidden ?? false }).summary(spec.summary);
	command.description(`${spec.summary[0]?.toUpperCase()}${spec.summary.slice(1)}.${spec.details ? `\n\n${spec.details}` : ""}`);
	if (spec.args) command.arguments(spec.args);
	command.helpOption("-h, --help", "show this help");
	command.showHelpAfterError(`See: trocla ${spec.name} --help`);
	const width = Math.max(0, ...spec.examples.map(([line]) => line.length));
	command.addHelpText("after", () => `\nExamples:\n${spec.examples.map(([line, meaning]) => `  ${line.padEnd(width)}  # ${meaning}\n`).join("")}`);
	command.action(async () => {
		const flags = { ...given(program), ...given(command) };
		const known = [...spec.flags, ...globalFlags].map(attribute);
		const foreign = Object.keys(given(program)).find((name) => !known.includes(name));
		if (foreign) program.error(`error: ${spec.name} does not take the flag for ${foreign}`);
		await action(new Context(flags), command.processedArgs, flags);
	});
}

function addFlags(command: Command, flags: readonly Flag[], hidden = false): void {
	for (const { spelling, help, repeatable } of flags) {
		const option = new Option(spelling, help).hideHelp(hidden);
		if (repeatable) option.argParser((value: string, before: string[] = []) => [...before, value]);
		command.addOption(option);
	}
}

/** The flags that were given, without commander's defaults for those that begin with `--no-`. */
function given(command: Command): { [name: string]: unknown } {
	return Object.fromEntries(Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === "cli"));
}

const attribute = ({ spelling, help }: Flag) => new Option(spelling, help).attributeName();

function allFlags(): Flag[] {
	return [...new Set([...globalFlags, ...optionFlags, ...commands.flatMap(({ flags }) => flags)])];
}

const programExamples = `
Examples:
  trocla get alice sha512crypt   # a hash for /etc/shadow; every later run prints the same
  trocla delete alice plain      # hands the password behind it out, once

Exit codes: 0 done, 1 not found or failed, 2 wrong usage.`;

/** Tells an error, on standard error, and gives the exit code that it means. */
function report(error: Error, json: boolean, trace: boolean): number {
	if (error.name === "CommanderError") {
		const { code, exitCode } = error as Error & { code: string; exitCode: number };
		return exitCode === 0 || code === "commander.helpDisplayed" || code === "commander.version" ? 0 : EXIT_USAGE;
	}
	if (trace) tell(error.stack ?? String(error));
	const { code = "internal", message, hint } = error as Partial<TroclaError> & Error;
	const known = error.name === "TroclaError";
	if (json) tell(JSON.stringify({ error: { code, message, hint } }));
	else if (known) tell(`trocla: ${message}${hint ? `\n  ${hint}` : ""}`);
	else tell(`trocla: ${message}\n  Run it again with --trace to see where this came from`);
	return known && code === "invalid" ? EXIT_USAGE : EXIT_FAILED;
}
