import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { defaultConfigFile, defaultStorePath, surroundings } from "../../src/config.js";
import { TroclaError } from "../../src/errors.js";
import type { Run } from "../commands.js";
import { Context } from "../context.js";
import { tell } from "../output.js";

/** Writes a configuration where there is none, and opens its store once, so that what is wrong shows now. */
export const run: Run = async (context) => {
	const around = surroundings();
	const file = resolve(context.configFile ?? (around.env.TROCLA_CONFIG || defaultConfigFile(around)));
	write(file, template(defaultStorePath(around)));
	const path = await makeStore(file).catch((error) => {
		unlinkSync(file);
		throw error;
	});
	if (context.json) context.print("", { config: file, store: path });
	else tell(`Wrote ${file}; the store is ${path}.\nTry: trocla get alice sha512crypt`);
	return 0;
};

/** Makes the store of a configuration and gives its path. */
async function makeStore(file: string): Promise<string> {
	return await new Context({ config: file }, "init").withStore(
		async (trocla, config) => {
			await trocla.formats("init");
			return config.path;
		},
		{ create: true },
	);
}

function write(file: string, text: string): void {
	let fd: number;
	try {
		fd = openSync(file, "wx", 0o600);
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code === "EEXIST") {
			throw new TroclaError(
				"config",
				`${file} is already there`,
				"It was left as it is: edit it, or name another file with -c",
			);
		}
		throw new TroclaError("config", `${file} can't be written: ${message}`, "Name another file with -c");
	}
	try {
		writeSync(fd, text);
		fsyncSync(fd);
	} finally {
		closeSync(fd);
	}
}

const template = (
	path: string,
) => `# trocla's configuration. Every key may be left out; a # stands before examples and defaults.

# Where passwords are kept: sqlite (one file, for any number of processes) or memory (for one run).
store: sqlite
store_options:
  path: ${JSON.stringify(path)}

# With false, "trocla get" prints stored values only and "trocla create" makes new ones, as with the Ruby trocla.
# create_on_get: true

# What happens when a plaintext is asked for that was handed out: refuse, or regenerate
# (a new password, which drops the hashes of the old one).
# on_handed_out: refuse

# How new passwords are made, unless a call or a profile says otherwise.
options:
  length: 16
  charset: default        # alphanumeric, shellsafe, windowssafe, consolesafe, typesafe, numeric, hexadecimal
  # require: {upper: 1, lower: 1, digit: 1, symbol: 1}
  # words: 6              # a passphrase, instead of the three above
  # expires: 0            # seconds
  # sha512crypt: {rounds: 100000}

# Named sets of options, for --profile. Built in: rootpw, mysql, login.
# profiles:
#   wifi: {charset: typesafe, length: 20}
`;
