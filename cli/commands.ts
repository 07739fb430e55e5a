import type { Context } from "./context.js";
import {
	dryRunFlag,
	type Flag,
	type FlagValues,
	forceFlag,
	hieraFlags,
	lookupFlags,
	noCreateFlag,
	noFormatFlag,
	optionFlags,
	passwordFlag,
	renewFlag,
} from "./flags.js";

/** Runs a command: its arguments as they stand on the command line (absent ones `undefined`), and its exit code. */
export type Run = (context: Context, args: readonly (string | undefined)[], flags: FlagValues) => Promise<number>;

/** What the command line knows of a command before its file is loaded. */
export interface CommandSpec {
	readonly name: string;
	readonly args: string;
	readonly summary: string;
	readonly details?: string;
	readonly flags: readonly Flag[];
	/** Command lines with what they do. */
	readonly examples: readonly (readonly [command: string, meaning: string])[];
	readonly hidden?: boolean;
	readonly load: () => Promise<{ readonly run: Run }>;
}

const YAML_NOTE = "OPTIONS is YAML, as in 'length: 32, charset: shellsafe'; it wins over flags.";

export const commands: readonly CommandSpec[] = [
	{
		name: "get",
		args: "<key> <format> [options]",
		summary: "print a password in a format, making what is not stored yet",
		details: `A stored value is printed as it is. Else it is derived from the stored plaintext; without one, a random one is\ngenerated and stored. ${YAML_NOTE}`,
		flags: [...optionFlags, noCreateFlag, renewFlag],
		examples: [
			["trocla get alice sha512crypt", "a hash for /etc/shadow, the same on every run"],
			["trocla get app_db pgsql --length 32 --charset shellsafe", "a SCRAM verifier of a new, long password"],
			["trocla get alice plain --no-create", "the plaintext, only if it is stored"],
			["trocla get www x509 --renew-before 30d --render certonly", "a certificate, made anew in its last month"],
		],
		load: () => import("./commands/get.js"),
	},
	{
		name: "create",
		args: "<key> <format> [options]",
		summary: "the same as get, also where create_on_get is false",
		details: YAML_NOTE,
		flags: optionFlags,
		examples: [
			["trocla create app_db mysql", "MariaDB's hash of a new password"],
			["trocla create app_db pgsql 'encode: md5, username: app'", "PostgreSQL's md5 hash"],
		],
		load: () => import("./commands/create.js"),
	},
	{
		name: "set",
		args: "<key> <format> [options]",
		summary: "store a password that you have",
		details: `plain replaces the key with all its formats; another format is derived and stored beside the others.\nThe password is read from a prompt, or from standard input. ${YAML_NOTE}`,
		flags: [passwordFlag, noFormatFlag, ...optionFlags],
		examples: [
			["trocla set alice plain", "asks for the password, twice"],
			["pwgen 20 1 | trocla set alice plain", "takes it from another program"],
			["trocla set alice sha512crypt --no-format < old-hash", "keeps a hash that you already have"],
		],
		load: () => import("./commands/set.js"),
	},
	{
		name: "reset",
		args: "<key> <format> [options]",
		summary: "make a stored value anew",
		details: `plain gets a new random password and loses the hashes of the old one; another format is hashed again from\nthe same password. Options of the first time are kept. ${YAML_NOTE}`,
		flags: optionFlags,
		examples: [
			["trocla reset alice plain", "a new password"],
			["trocla reset alice sha512crypt --rounds 100000", "a stronger hash of the same one"],
		],
		load: () => import("./commands/reset.js"),
	},
	{
		name: "delete",
		args: "<key> [format]",
		summary: "print a value and remove it; without a format, the whole key",
		details: "What can't be printed is not removed.",
		flags: [forceFlag],
		examples: [
			["trocla delete alice plain", "hands the password out, once; hashes stay"],
			["trocla delete alice", "removes the key with all its formats"],
		],
		load: () => import("./commands/delete.js"),
	},
	{
		name: "verify",
		args: "<key> [format]",
		summary: "check a password: exit 0 where it is the key's, 1 where not",
		details: "Without a format, any stored one counts.",
		flags: [passwordFlag],
		examples: [
			["trocla verify alice", "asks for the password"],
			["trocla verify app_db pgsql < password", "reads it from a file"],
		],
		load: () => import("./commands/verify.js"),
	},
	{
		name: "search",
		args: "<regex>",
		summary: "print the keys that match a regular expression",
		flags: [],
		examples: [
			["trocla search '^user_'", "all keys that begin with user_"],
			["trocla search '_db$' --json", "as JSON"],
		],
		load: () => import("./commands/search.js"),
	},
	{
		name: "formats",
		args: "[key]",
		summary: "print the formats there are, or those stored of a key",
		flags: [],
		examples: [
			["trocla formats", "all that trocla can make"],
			["trocla formats alice", "what is stored of alice"],
		],
		load: () => import("./commands/formats.js"),
	},
	{
		name: "show",
		args: "<key>",
		summary: "tell what is stored of a key: formats, dates, options, expiry; never a value",
		flags: [],
		examples: [
			["trocla show alice", "for people"],
			["trocla show alice --json", "for programs"],
		],
		load: () => import("./commands/show.js"),
	},
	{
		name: "lookup",
		args: "<keys...>",
		summary: "look keys up in Hiera's data, as puppet lookup does, and print the first that is found",
		details:
			"A site's own hiera.yaml (version 5) and data are read as Puppet reads them. Levels of trocla_lookup_key make\n" +
			"passwords that are not stored yet.",
		flags: [...hieraFlags, ...lookupFlags, noCreateFlag],
		examples: [
			["trocla lookup ntp::servers --node www1.example.com", "what Puppet would give that host"],
			["trocla lookup users --node www1 --hosts facts/ --hiera-config hiera.yaml --merge deep", "anywhere, merged"],
			["trocla lookup users --node www1.example.com --explain", "which level gives what"],
		],
		load: () => import("./commands/lookup.js"),
	},
	{
		name: "prune",
		args: "",
		summary: "delete the keys that have expired",
		flags: [dryRunFlag],
		examples: [
			["trocla prune", "prints the keys that it deletes"],
			["trocla prune --dry-run", "prints them, deletes none"],
		],
		load: () => import("./commands/prune.js"),
	},
	{
		name: "doctor",
		args: "",
		summary: "check configuration, permissions, libcrypt and every record",
		flags: [],
		examples: [
			["trocla doctor", "exit 0 where all is well; else it says how to mend it"],
			["trocla doctor --json", "for monitoring"],
		],
		load: () => import("./commands/doctor.js"),
	},
	{
		name: "init",
		args: "",
		summary: "write a configuration with comments, and make its store",
		flags: [],
		examples: [
			["trocla init", "/etc/troclarc.yaml for root, else ~/.troclarc.yaml"],
			["trocla init -c ./trocla.yaml", "another file"],
		],
		load: () => import("./commands/init.js"),
	},
	{
		name: "completion",
		args: "<shell>",
		summary: "print the completion script for bash, zsh or fish",
		flags: [],
		examples: [
			["trocla completion bash > /etc/bash_completion.d/trocla", "for all users of bash"],
			["trocla completion fish > ~/.config/fish/completions/trocla.fish", "for yourself"],
		],
		load: () => import("./commands/completion.js"),
	},
	{
		name: "complete",
		args: "[words...]",
		summary: "what the completion scripts call",
		flags: [],
		examples: [],
		hidden: true,
		load: () => import("./commands/complete.js"),
	},
];
