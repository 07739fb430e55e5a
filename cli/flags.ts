/** A flag of one or more commands, as commander spells it. */
export interface Flag {
	readonly spelling: string;
	readonly help: string;
	/** May be given several times; the values come as a list. */
	readonly repeatable?: boolean;
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
		help: "print a part of it only. x509: certonly, keyonly, ...; sshkey, wireguard: pubonly, privonly",
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
export const renewFlag: Flag = {
	spelling: "--renew-before <time>",
	help: "make a certificate anew that ends within so long: 30d, 12h, or seconds",
};
export const forceFlag: Flag = {
	spelling: "--force",
	help: "also when a process died while it handed the key out, or the whole key's record is damaged",
};
export const dryRunFlag: Flag = { spelling: "--dry-run", help: "only say what would be deleted" };

/** Where Hiera's data is, and for which host it is looked up. */
export const hieraFlags: readonly Flag[] = [
	{ spelling: "--node <name>", help: "the host to look up for, by the name of its certificate" },
	{
		spelling: "--hosts <directory>",
		help: "a file of facts for each host: NAME.yaml or NAME.json; default Puppet's own",
	},
	{ spelling: "--facts <file>", help: "facts, YAML or JSON, that go over the host's" },
	{
		spelling: "--hiera-config <file>",
		help: "hiera.yaml; repeated, the first goes over the next; default Puppet's own",
		repeatable: true,
	},
	{ spelling: "--environment <name>", help: "Puppet's environment (production)" },
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
