import type { Context } from "./context.js";
import {
	armorFlag,
	batchFlag,
	dropOldFlag,
	dryRunFlag,
	type Flag,
	type FlagValues,
	forceFlag,
	hieraFlags,
	identityFlag,
	importFlags,
	keyFileFlag,
	lookupFlags,
	newTokenFlag,
	noCreateFlag,
	nodeFlags,
	noFormatFlag,
	optionFlags,
	overwriteFlag,
	passphraseFileFlag,
	passphraseFlag,
	passwordFlag,
	publishFlags,
	recipientFlag,
	recipientsFlag,
	renewFlag,
	replaceFlag,
	sealedFlag,
	targetFlag,
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
const BATCH_NOTE =
	"With --batch it reads lines KEY FORMAT [OPTIONS] and answers each with a line of JSON, in their order and as soon as " +
	'it can: {"key":...,"format":...,"value":...}, or an "error" in place of the value, and then it exits 1. A KEY with a ' +
	'blank is a JSON string ("my key"), OPTIONS are JSON ({"length": 32}) and win over flags; empty lines are skipped, and ' +
	"there are no comments. What was printed is stored: a run that was interrupted can just be run again.";

export const commands: readonly CommandSpec[] = [
	{
		name: "get",
		args: "<key> <format> [options]",
		summary: "print a password in a format, making what is not stored yet",
		details: `A stored value is printed as it is. Else it is derived from the stored plaintext; without one, a random one is\ngenerated and stored. ${YAML_NOTE}\n\n${BATCH_NOTE}`,
		flags: [...optionFlags, noCreateFlag, renewFlag, batchFlag],
		examples: [
			["trocla get alice sha512crypt", "a hash for /etc/shadow, the same on every run"],
			["trocla get app_db pgsql --length 32 --charset shellsafe", "a SCRAM verifier of a new, long password"],
			["trocla get alice plain --no-create", "the plaintext, only if it is stored"],
			["trocla get www x509 --renew-before 30d --render certonly", "a certificate, made anew in its last month"],
			["trocla get --batch < lines > answers", "thousands of them, on all cores"],
		],
		load: () => import("./commands/get.js"),
	},
	{
		name: "create",
		args: "<key> <format> [options]",
		summary: "the same as get, also where create_on_get is false",
		details: YAML_NOTE,
		flags: [...optionFlags, renewFlag, batchFlag],
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
			"A site's own hiera.yaml (version 5) and data are read as Puppet reads them. Levels of trocla_lookup_key make " +
			"passwords that are not stored yet.",
		flags: [...nodeFlags, ...hieraFlags, ...lookupFlags, noCreateFlag],
		examples: [
			["trocla lookup ntp::servers --node www1.example.com", "what Puppet would give that host"],
			["trocla lookup users --hiera-config hiera.yaml --facts www1.yaml", "on any machine"],
			["trocla lookup users --node www1.example.com --explain", "which level gives what"],
		],
		load: () => import("./commands/lookup.js"),
	},
	{
		name: "publish",
		args: "",
		summary: "publish every host's users and root's keys, signed, for replication",
		details:
			"accounts::users, accounts::groups and ibox::root_keys are looked up for each host, hashes come from the store, and " +
			"missing ones are made. Data with a fault stops it before anything is written. With --watch it goes on until a signal " +
			"ends it, and lets others publish there meanwhile; a configuration that changed is read when it is started again.",
		flags: [...publishFlags, ...hieraFlags, dryRunFlag],
		examples: [
			["trocla publish --init", "makes the key that signs, once"],
			["trocla publish --dry-run", "tells what would change on which host, and changes nothing"],
			["trocla publish", "every host; again, it writes new time stamps alone"],
			["trocla publish --host www1.example.com --no-create", "one host, without making passwords"],
			["trocla publish --watch", "goes on: publishes whatever changes"],
		],
		load: () => import("./commands/publish.js"),
	},
	{
		name: "serve",
		args: "",
		summary: "serve the store to Puppet, Ansible and others, on a Unix socket and HTTPS",
		details:
			"Where it listens, and who may do what, is in the configuration under serve. It logs JSON on standard error. SIGTERM " +
			"ends it when it has answered what was asked; SIGHUP has it read the configuration again.",
		flags: [newTokenFlag],
		examples: [
			["trocla serve", "on /run/trocla/trocla.sock for root, else $XDG_RUNTIME_DIR/trocla.sock"],
			["trocla serve -c ./trocla.yaml", "with another configuration"],
			["trocla serve --new-token ansible", "a token for a client of HTTPS"],
		],
		load: () => import("./commands/serve.js"),
	},
	{
		name: "external",
		args: "",
		summary: "answer Terraform's external data source: a JSON object in, a JSON object out",
		details:
			"Standard input is the query, an object of texts: key, format (plain), and options, each as -o takes it. Standard " +
			'output is {"value": "..."}. What is not stored yet is made.',
		flags: [...optionFlags, noCreateFlag],
		examples: [
			[`echo '{"key": "app_db", "format": "pgsql"}' | trocla external`, "what Terraform does"],
			[`echo '{"key": "app_db", "length": "32"}' | trocla external --no-create`, "only what is stored"],
		],
		load: () => import("./commands/external.js"),
	},
	{
		name: "import",
		args: "",
		summary: "bring in what another store has: the Ruby trocla, shadow files, CSV, pass, an export",
		details:
			"What it reads is never changed. A key that is stored already counts as the same, or, with other values, is named " +
			"and left alone. A Ruby trocla's configuration that --config names is what it reads; it then writes to the store " +
			"that trocla uses without --config.",
		flags: [...importFlags, dryRunFlag, identityFlag, passphraseFlag, passphraseFileFlag],
		examples: [
			["trocla import --from ruby --config /etc/troclarc.yaml", "all passwords of the Ruby trocla"],
			["trocla import --from ruby --file /root/trocla.yaml --dry-run", "what a copy of its store would bring"],
			["trocla import --from shadow --passwd /etc/passwd --file /etc/shadow --prefix user_", "users' hashes"],
			["trocla import --from csv --file passwords.csv", "lines of key,format,value[,expires] below that header"],
			["trocla import --from export --file backup.age --identity backup-identity", "what trocla export wrote"],
		],
		load: () => import("./commands/import.js"),
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
		name: "export",
		args: "[file]",
		summary: "write all records to one encrypted file, for a backup",
		details: `The identity of any recipient opens it (age-keygen makes one), or the passphrase: with trocla import --from export,\nor with age itself. Without FILE it goes to standard output. Where a record can't be read, it is named, and the\nothers are in FILE.incomplete.`,
		flags: [recipientFlag, recipientsFlag, passphraseFlag, passphraseFileFlag, armorFlag, replaceFlag],
		examples: [
			[
				"trocla export backup.age --to age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
				"to a recipient",
			],
			["trocla export backup.age --passphrase", "asks for a passphrase, twice"],
		],
		load: () => import("./commands/export.js"),
	},
	{
		name: "migrate",
		args: "",
		summary: "copy every record to the store of another configuration, and compare them",
		details: "The store that is copied stays as it is. It may be done again, and goes on where it was interrupted.",
		flags: [targetFlag, overwriteFlag],
		examples: [
			["trocla migrate --to /etc/troclarc.new.yaml", "from the configured store"],
			["trocla migrate -c old.yaml --to new.yaml --json", "between any two, with counts as JSON"],
		],
		load: () => import("./commands/migrate.js"),
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
		details: "With --sealed records are encrypted, also those of a store and a configuration that are there already.",
		flags: [sealedFlag, keyFileFlag],
		examples: [
			["trocla init", "/etc/troclarc.yaml for root, else ~/.troclarc.yaml"],
			["trocla init -c ./trocla.yaml", "another file"],
			["trocla init --sealed", "a sealed store, or one that is there sealed while others use it"],
		],
		load: () => import("./commands/init.js"),
	},
	{
		name: "rekey",
		args: "",
		summary: "seal every record of a sealed store with a new key, while others use it",
		details: "It can be ended at any moment: run again, it goes on.",
		flags: [dropOldFlag],
		examples: [
			["trocla rekey", "adds a key to the ring and seals all records with it"],
			["trocla rekey --drop-old", "ten minutes later: takes the older keys out of the ring"],
		],
		load: () => import("./commands/rekey.js"),
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
