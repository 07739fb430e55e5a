import { Command, CommanderError, Option } from "commander";
import { version } from "../package.json";
import { type CommandSpec, commands } from "./commands.js";
import { Context } from "./context.js";
import { explain, type Told } from "./explain.js";
import { type Flag, globalFlags, optionFlags } from "./flags.js";
import { OutputError, print, tell, tellRaw } from "./output.js";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs a command line (without `node` and the script) and gives its exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(words: readonly string[]): Promise<number> {
	const argv = helpAsked(words);
	const given = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : undefined);
	const json = given.includes("--json");
	let exitCode = 0;
	const program = new Command("trocla")
		.description("Passwords for configuration management: made on demand, stored once, in every format.")
		.version(`trocla ${version}`, "-V, --version", "print the version")
		.helpOption("-h, --help", "show help; also: trocla help COMMAND")
		.enablePositionalOptions()
		.exitOverride()
		.configureOutput({
			writeOut: print,
			writeErr: json ? () => {} : tellRaw,
			outputError: (text, write) => write(`trocla: ${usageError(text)}`),
		})
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
		describe(command, spec, given);
		command.action(async () => {
			const flags = { ...givenTo(program), ...givenTo(command) };
			const known = [...spec.flags, ...globalFlags].map(attribute);
			const foreign = Object.keys(givenTo(program)).find((name) => !known.includes(name));
			if (foreign) command.error(`error: ${spec.name} has no flag for ${foreign}`);
			exitCode = await (await spec.load()).run(new Context(flags, spec.name), command.processedArgs, flags);
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

	try {
		await program.parseAsync([...argv], { from: "user" });
		return exitCode;
	} catch (error) {
		return report(error as Error, { json, trace: given.includes("--trace") });
	}
}

/** @param given - the words of the command line that may be flags */
function describe(command: Command, spec: CommandSpec, given: readonly string[]): void {
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
	const takesArgs = !spec.flags.some(({ spelling, insteadOfArgs }) => insteadOfArgs && given.includes(spelling));
	if (takesArgs && spec.args) command.arguments(spec.args);
	// Most calls have none, and declaring them takes as long as reading a password.
	if (given.some((word) => word.startsWith("-"))) addFlags(command, [...spec.flags, ...globalFlags]);
}

function addFlags(command: Command, flags: readonly Flag[], hidden = false): void {
	for (const { spelling, help, repeatable } of flags) {
		const option = new Option(spelling, help).hideHelp(hidden);
		if (repeatable) option.argParser((value: string, before: string[] = []) => [...before, value]);
		command.addOption(option);
	}
}

/** The flags that were given, without commander's defaults for those that begin with `--no-`. */
function givenTo(command: Command): { [name: string]: unknown } {
	return Object.fromEntries(
		Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === "cli"),
	);
}

const attribute = ({ spelling, help }: Flag) => new Option(spelling, help).attributeName();

function allFlags(): Flag[] {
	const byName = new Map<string, Flag>();
	for (const flag of [...globalFlags, ...optionFlags, ...commands.flatMap(({ flags }) => flags)]) {
		// Before the command's name it can't be told whose flag it is: one that may be repeated takes what either does.
		if (!byName.has(attribute(flag)) || flag.repeatable) byName.set(attribute(flag), flag);
	}
	return [...byName.values()];
}

const programExamples = `
Examples:
  trocla get alice sha512crypt   # a hash for /etc/shadow; every later run prints the same
  trocla delete alice plain      # hands the password behind it out, once

Exit codes: 0 done, 1 not found or failed, 2 wrong usage.`;

/** `help COMMAND` is `COMMAND --help`: commander would print the help of a command that is not declared in full. */
function helpAsked(argv: readonly string[]): readonly string[] {
	const [first, name] = argv.filter((word) => word !== "--json" && word !== "--trace");
	return first === "help" && commands.some((spec) => spec.name === name) ? [name ?? "", "--help"] : argv;
}

/** What commander says of wrong usage, without what stands in an unknown flag behind its name: it may be a secret. */
function usageError(text: string): string {
	return text
		.replace(/^error: /, "")
		.replace(/^(unknown option '--[^=']*)=.*'/s, "$1'")
		.replace(/^(unknown option '-[^-]).*'/s, "$1'");
}

/** Tells an error, on standard error, and gives the exit code that it means. */
function report(error: Error, { json, trace }: { json: boolean; trace: boolean }): number {
	if (error instanceof CommanderError) {
		if (error.exitCode === 0) return 0;
		// Else commander has told it already, or printed the help that was asked for.
		if (json) tellJson(usage(error));
		return EXIT_USAGE;
	}
	if (trace) tell(error.stack ?? String(error));
	if (error instanceof OutputError && error.closed && !error.hint) return EXIT_FAILED;
	const told = explain(error);
	if (json) tellJson(told);
	else tell(`trocla: ${told.message}${told.hint ? `\n  ${told.hint}` : ""}`);
	return told.code === "invalid" ? EXIT_USAGE : EXIT_FAILED;
}

function usage({ code, message }: CommanderError): Told {
	if (code === "commander.help")
		return { code: "invalid", message: "no command was given", hint: "See: trocla --help" };
	const [first = "", ...more] = usageError(message).split("\n");
	return { code: "invalid", message: first, hint: [...more, "See: trocla --help"].join(" ") };
}

function tellJson({ code, message, hint }: Told): void {
	tell(JSON.stringify({ error: { code, message, hint } }));
}
