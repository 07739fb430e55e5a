import { Command, CommanderError, Option } from "commander";
import { version } from "../package.json";
import { TroclaError } from "../src/errors.js";
import { type CommandSpec, commands } from "./commands.js";
import { Context } from "./context.js";
import { type Flag, globalFlags, optionFlags } from "./flags.js";
import { OutputError, tell } from "./output.js";

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
	// Only what is called is declared in full, and alone where it stands first: declaring all takes as long as a get.
	const first = commands.filter(({ name }) => name === argv[0]);
	for (const { name, summary, hidden = false } of first.length > 0 ? first : commands) {
		program.command(name, { hidden }).summary(summary);
	}
	program.hook("preSubcommand", (_, command) => {
		const spec = commands.find(({ name }) => name === command.name());
		if (!spec) return;
		describe(
			command,
			spec,
			argv.some((word) => word.startsWith("-")),
		);
		command.action(async () => {
			const flags = { ...given(program), ...given(command) };
			const known = [...spec.flags, ...globalFlags].map(attribute);
			const foreign = Object.keys(given(program)).find((name) => !known.includes(name));
			if (foreign) command.error(`error: ${spec.name} has no flag for ${foreign}`);
			exitCode = await (await spec.load()).run(new Context(flags), command.processedArgs, flags);
		});
	});
	if (first.length === 0) {
		addFlags(program, globalFlags);
		// Every flag may also stand before the command's name; the help shows each where it belongs.
		addFlags(
			program,
			allFlags().filter((flag) => !globalFlags.includes(flag)),
			true,
		);
	}

	const trace = argv.includes("--trace");
	try {
		await program.parseAsync([...argv], { from: "user" });
		return exitCode;
	} catch (error) {
		return report(error as Error, argv.includes("--json"), trace);
	}
}

function describe(command: Command, spec: CommandSpec, withFlags: boolean): void {
	command
		.description(
			`${spec.summary[0]?.toUpperCase()}${spec.summary.slice(1)}.${spec.details ? `\n\n${spec.details}` : ""}`,
		)
		.helpOption("-h, --help", "show this help")
		.showHelpAfterError(`See: trocla ${spec.name} --help`)
		.addHelpText("after", () => {
			const width = Math.max(0, ...spec.examples.map(([line]) => line.length));
			return `\nExamples:\n${spec.examples.map(([line, meaning]) => `  ${line.padEnd(width)}  # ${meaning}\n`).join("")}`;
		});
	if (spec.args) command.arguments(spec.args);
	// Most calls have none, and declaring them takes as long as reading a password.
	if (withFlags) addFlags(command, [...spec.flags, ...globalFlags]);
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
	return Object.fromEntries(
		Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === "cli"),
	);
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
	// commander has told it already, or printed the help that was asked for.
	if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
	if (trace) tell(error.stack ?? String(error));
	if (error instanceof OutputError) {
		if (!error.closed)
			tell(`trocla: standard output can't be written: ${error.message}\n  What was made is stored: run it again`);
		return EXIT_FAILED;
	}
	if (!(error instanceof TroclaError)) {
		tell(`trocla: ${error.message}\n  This should not happen. Run it again with --trace to see where it came from`);
		return EXIT_FAILED;
	}
	const { code, message, hint } = error;
	tell(json ? JSON.stringify({ error: { code, message, hint } }) : `trocla: ${message}${hint ? `\n  ${hint}` : ""}`);
	return code === "invalid" ? EXIT_USAGE : EXIT_FAILED;
}
