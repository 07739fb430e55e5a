/** A flag of one or more commands, as commander spells it. */
export interface Flag {
	readonly spelling: string;
	readonly help: string;
	/** May be given several times; the values come as a list. */
	readonly repeatable?: boolean;
	/** With it the command takes no arguments. */
	readonly insteadOfArgs?: boolean;
	/** The option of a value that it sets, and how its text is read where it is not just a text. */
	readonly option?: { readonly name: string; readonly read?: (text: string) => unknown };
}

/** What the command line said, by commander's names: `--no-random` is `random: false`. */
export type FlagValues = { readonly [name: string]: unknown };

// A text that is no number stays one, and the option's own check says what is wrong with it.
const number = (text: string) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
const numbers = (text: string) =>
	Object.fromEntries(
		text
			.split(",")
			.map((part) => part.split(/[=:]/, 2).map((side) => side.trim()))
			.map(([name = "", count = ""]) => [name, number(count)]),
	);
const names = (text: string) => text.split(",").map((name) => name.trim());
const charset = (text: string) => (text.startsWith("custom:") ? { custom: text.slice("custom:".length) } : text);

export const globalFlags: readonly Flag[] = [
	{
		spelling: "-c, --config <file>",
		help: "configuration; default $TROCLA_CONFIG, ~/.troclarc.yaml, /etc/troclarc.yaml",
	},
	{ spelling: "--json", help: "print one JSON object" },
	{ spelling: "--trace", help: "show where in the program an error came from" },
];

/** The options of a value, each also a flag. */
export const optionFlags: readonly Flag[] = [
	{
		spelling: "-l, --length <n>",
		help: "characters of a random password (16)",
		option: { name: "length", read: number },
	},
	{
		spelling: "--charset <name>",
		help: "its characters: default, alphanumeric, shellsafe, ..., or custom:abc123",
		option: { name: "charset", read: charset },
	},
	{
		spelling: "--require <class=n,...>",
		help: "at least so many of upper, lower, digit, symbol",
		option: { name: "require", read: numbers },
	},
	{ spelling: "--words <n>", help: "a passphrase of so many words instead", option: { name: "words", read: number } },
	{
		spelling: "--profile <name,...>",
		help: "named sets of options: rootpw, mysql, login, or your own",
		option: { name: "profiles", read: names },
	},
	{
		spelling: "--expires <seconds>",
		help: "the key's life after each write; 0 for no end",
		option: { name: "expires", read: (text) => (text === "false" ? false : number(text)) },
	},
	{ spelling: "--no-random", help: "fail where it would take a random password", option: { name: "random" } },
	{
		spelling: "--rounds <n>",
		help: "sha512crypt, sha256crypt: 1000 to 999999999 (5000)",
		option: { name: "rounds", read: number },
	},
	{
		spelling: "--cost <n>",
		help: "bcrypt: 4 to 31 (12); yescrypt: 1 to 11 (5)",
		option: { name: "cost", read: number },
	},
	{ spelling: "--encode <how>", help: "pgsql: sha256 for SCRAM (default), or md5", option: { name: "encode" } },
	{ spelling: "--username <role>", help: "pgsql: the role's name, for md5", option: { name: "username" } },
	{
		spelling: "--plugin <name>",
		help: "mysql: mysql_native_password (default), caching_sha2_password, ed25519",
		option: { name: "plugin" },
	},
	{
		spelling: "--render <part>",
		help: "print a part of it only. x509: certonly, keyonly, ...; sshkey, wireguard: pubonly, privonly; openpgp: pubonly",
		option: { name: "render" },
	},
	{ spelling: "-o, --option <name=value>", help: "any option, its value as YAML; may be repeated", repeatable: true },
];

export const passwordFlag: Flag = {
	spelling: "-p, --password [password]",
	help: "the password; without one, or without the flag, from a prompt or standard input",
};
export const noFormatFlag: Flag = {
	spelling: "--no-format",
	help: "store what is given as the value itself, not hashed",
};
export const noCreateFlag: Flag = { spelling: "--no-create", help: "print stored values only" };
export const batchFlag: Flag = {
	spelling: "--batch",
	help: "answer lines KEY FORMAT [OPTIONS] of standard input, each with a line of JSON",
	insteadOfArgs: true,
};
export const renewFlag: Flag = {
	spelling: "--renew-before <time>",
	help: "make a certificate anew that ends within so long: 30d, 12h, or seconds",
};
export const forceFlag: Flag = {
	spelling: "--force",
	help: "also when a process died while it handed the key out, or the whole key's record is damaged",
};
export const dryRunFlag: Flag = { spelling: "--dry-run", help: "write nothing, only say what would be done" };

/** What `import` reads. */
export const importSources = ["ruby", "shadow", "csv", "pass", "export"] as const;

/** What it reads, and how. */
export const importFlags: readonly Flag[] = [
	{ spelling: "--from <what>", help: "ruby, shadow, csv, pass, or export" },
	{ spelling: "--file <path>", help: "the file to read (of pass, its directory); csv, export: - for standard input" },
	{ spelling: "--source <file>", help: "ruby: its configuration, where --config names this trocla's" },
	{ spelling: "--passwd <file>", help: "shadow: bring in only those who can log in by this passwd file" },
	{ spelling: "--min-uid <n>", help: "shadow: and whose uid is at least this (1000)" },
	{ spelling: "--prefix <text>", help: "put this before each key" },
	{ spelling: "--overwrite", help: "replace keys that are stored with other values" },
];

export const recipientFlag: Flag = {
	spelling: "--to <recipient>",
	help: "an age recipient (age1...) who can open it; may be repeated",
	repeatable: true,
};
export const recipientsFlag: Flag = { spelling: "--recipients <file>", help: "a file of recipients, one a line" };
export const passphraseFlag: Flag = {
	spelling: "--passphrase",
	help: "a passphrase, typed at a prompt, opens it",
};
export const passphraseFileFlag: Flag = {
	spelling: "--passphrase-file <file>",
	help: "the same, with the passphrase from a file; - is standard input",
};
export const identityFlag: Flag = {
	spelling: "--identity <file>",
	help: "export: the file of an age identity that opens it; may be repeated",
	repeatable: true,
};
export const armorFlag: Flag = { spelling: "--armor", help: "write it as text" };
export const replaceFlag: Flag = { spelling: "--force", help: "replace FILE where it is there already" };
export const targetFlag: Flag = { spelling: "--to <config>", help: "the configuration of the store to copy to" };
export const overwriteFlag: Flag = {
	spelling: "--overwrite",
	help: "replace what differs there; without it, that is left as it is and listed",
};
export const sealedFlag: Flag = {
	spelling: "--sealed",
	help: "seal the records of the store, also of one that is there: makes a key ring, and sets encryption",
};
export const keyFileFlag: Flag = {
	spelling: "--key-file <file>",
	help: "the key ring, with --sealed; default /etc/trocla/keys for root, else ~/.config/trocla/keys",
};
export const dropOldFlag: Flag = {
	spelling: "--drop-old",
	help: "take the older keys out of the ring, where no record needs them any more",
};

export const newTokenFlag: Flag = {
	spelling: "--new-token <name>",
	help: "print a new token for a client, and the line for the configuration that lets it in; serve nothing",
};

/** Where Hiera's data is. */
export const hieraFlags: readonly Flag[] = [
	{
		spelling: "--hosts <directory>",
		help: "a file of facts for each host: NAME.yaml or NAME.json; default the configuration's, else Puppet's own",
	},
	{
		spelling: "--hiera-config <file>",
		help: "hiera.yaml; repeated, the first goes over the next; default the configuration's, else Puppet's own",
		repeatable: true,
	},
	{ spelling: "--environment <name>", help: "Puppet's environment; default the configuration's, else production" },
];

/** For which host keys are looked up. */
export const nodeFlags: readonly Flag[] = [
	{ spelling: "--node <name>", help: "the host to look up for, by the name of its certificate" },
	{ spelling: "--facts <file>", help: "facts, YAML or JSON, that go over the host's" },
];

export const publishFlags: readonly Flag[] = [
	{ spelling: "--init", help: "make the signing key and the tree, or export the key's public part again" },
	{ spelling: "--host <name>", help: "publish this host alone; may be repeated", repeatable: true },
	{ spelling: "--no-create", help: "make no hashes: no password lets in who has none yet" },
	{ spelling: "--tree <directory>", help: "where to; default the configuration's, else /var/lib/iar/master for root" },
	{ spelling: "--watch", help: "go on, and publish again when data, facts or the store change" },
	{ spelling: "--every <time>", help: "with --watch: publish at least so often, as 90s, 5m, 2h (5m)" },
	{ spelling: "--anew", help: "look every host up, also those for which nothing changed since the last run" },
	{ spelling: "--allow-empty", help: "publish also where a host would lose all of its users, or all of root's keys" },
];

/** How a key is looked up, as `puppet lookup` has it. */
export const lookupFlags: readonly Flag[] = [
	{ spelling: "--merge <strategy>", help: "first, unique, hash or deep, whatever lookup_options say" },
	{ spelling: "--knock-out-prefix <prefix>", help: "with --merge deep: what begins with it is taken away" },
	{ spelling: "--sort-merged-arrays", help: "with --merge deep: sort them" },
	{ spelling: "--merge-hash-arrays", help: "with --merge deep: merge hashes in arrays by position" },
	{ spelling: "--default <value>", help: "what to print where nothing is found" },
	{ spelling: "--type <type>", help: "fail unless the value is of this type, as Array[String]" },
	{ spelling: "--explain", help: "tell instead what was looked up where, and what was found" },
	{ spelling: "--render-as <form>", help: "yaml (the default), json, or s for plain text" },
];
