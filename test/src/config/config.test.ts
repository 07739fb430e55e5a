import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { builtinFormats } from "../../../formats/index.js";
import { defaultConfigFile, loadConfig } from "../../../src/config/config.js";
import { TroclaError } from "../../../src/errors.js";
import { User } from "../../support/user.js";

const sqlite = (path: string) => ({ name: "sqlite", options: { path }, secrets: {} });

describe("the file", () => {
	test("is the named one, else $TROCLA_CONFIG's, else the home's", async () => {
		const user = new User();
		const named = user.write("options: {length: 1}", join(user.home, "named.yaml"));
		const fromEnv = user.write("options: {length: 2}", join(user.home, "env.yaml"));
		user.write("options: {length: 3}");
		const env = { TROCLA_CONFIG: fromEnv };
		expect(await loadConfig(named, { ...user.around, env })).toMatchObject({ file: named, options: { length: 1 } });
		expect(await loadConfig(undefined, { ...user.around, env })).toMatchObject({
			file: fromEnv,
			options: { length: 2 },
		});
		expect(await loadConfig(undefined, user.around)).toMatchObject({ file: user.file, options: { length: 3 } });
		expect(await loadConfig(undefined, { ...user.around, env: { TROCLA_CONFIG: "" } })).toMatchObject({
			file: user.file,
		});
	});

	test.skipIf(existsSync("/etc/troclarc.yaml"))(
		"may be missing: the store then is in the user's data directory",
		async () => {
			const user = new User();
			const builtIn = {
				file: undefined,
				createOnGet: true,
				onHandedOut: "refuse",
				formats: builtinFormats,
				hiera: {},
				accounts: {},
				publish: {},
				serve: {},
				options: {},
				profiles: {},
			};
			const load = (around: object) => loadConfig(undefined, { ...user.around, ...around });
			expect(await load({})).toEqual({
				...builtIn,
				store: sqlite(join(user.home, ".local/share/trocla/trocla.sqlite")),
			});
			expect(await load({ env: { XDG_DATA_HOME: "/data" } })).toEqual({
				...builtIn,
				store: sqlite("/data/trocla/trocla.sqlite"),
			});
			// "All paths set in these environment variables must be absolute", XDG Base Directory Specification
			expect(await load({ env: { XDG_DATA_HOME: "data" } })).toMatchObject({
				store: sqlite(join(user.home, ".local/share/trocla/trocla.sqlite")),
			});
			expect(await load({ isRoot: true })).toEqual({ ...builtIn, store: sqlite("/var/lib/trocla/trocla.sqlite") });
		},
	);

	test("that is named and missing is refused with the command that makes it", async () => {
		const user = new User();
		const missing = join(user.home, "missing.yaml");
		for (const load of [
			loadConfig(missing, user.around),
			loadConfig(undefined, { ...user.around, env: { TROCLA_CONFIG: missing } }),
		]) {
			await expect(load).rejects.toMatchObject({
				code: "config",
				message: `there is no configuration ${missing}`,
				hint: `Make one with: trocla init -c ${missing}`,
			});
		}
	});

	test.each([0o620, 0o602, 0o666, 0o777])("that others can change is refused with the chmod: %o", async (mode) => {
		const user = new User();
		user.write("store: memory");
		chmodSync(user.file, mode);
		await expect(loadConfig(undefined, user.around)).rejects.toMatchObject({
			code: "config",
			hint: `Run: chmod go-w ${user.file}`,
		});
		chmodSync(user.file, 0o644);
		expect(await loadConfig(undefined, user.around)).toMatchObject({ store: { name: "memory" } });
	});

	test("in a directory where others can write is refused, also where a link leads to it", async () => {
		const user = new User();
		const file = join(user.home, "shared/troclarc.yaml");
		mkdirSync(dirname(file));
		writeFileSync(file, "store: memory", { mode: 0o600 });
		symlinkSync(file, user.file);
		chmodSync(dirname(file), 0o777);
		for (const named of [file, user.file]) {
			await expect(loadConfig(named, user.around)).rejects.toMatchObject({
				code: "config",
				hint: `Run: chmod go-w ${dirname(file)}`,
			});
		}
		chmodSync(dirname(file), 0o1777);
		expect(await loadConfig(undefined, user.around)).toMatchObject({ store: { name: "memory" } });
	});

	test("that is a directory is refused by its name", async () => {
		const user = new User();
		mkdirSync(user.file, { mode: 0o700 });
		await expect(loadConfig(undefined, user.around)).rejects.toMatchObject({
			code: "config",
			message: expect.stringContaining(user.file),
		});
	});

	test.each([
		"",
		"\n",
		"# nothing\n",
		"# one\n\n  # two\n",
		"---\n",
		"--- # nothing\n",
		"{}",
		"~",
		"store:\noptions:\n",
	])("that says nothing is the built-in configuration: %j", async (text) => {
		const user = new User();
		expect(await user.load(text)).toMatchObject({
			store: { name: "sqlite" },
			createOnGet: true,
			options: {},
			profiles: {},
		});
	});

	test("is made where trocla init would write it", () => {
		const user = new User();
		expect(defaultConfigFile(user.around)).toBe(user.file);
		expect(defaultConfigFile({ ...user.around, isRoot: true })).toBe("/etc/troclarc.yaml");
	});
});

describe("a key", () => {
	test("each is understood", async () => {
		const user = new User();
		const text = `
store: sqlite
store_options: {path: /srv/trocla.sqlite}
create_on_get: false
on_handed_out: regenerate
encryption: none
hiera: {config: [hiera.yaml, /etc/puppet/hiera.yaml], hosts: ~/hosts, environment: test}
accounts: {min_uid: 500, min_gid: 100, names: debian}
publish: {tree: ../tree, signing_key: site key}
options: {length: 20, mysql: {plugin: ed25519}}
profiles: {wifi: {charset: typesafe, length: 20}}`;
		expect(await user.load(text)).toEqual({
			file: user.file,
			store: sqlite("/srv/trocla.sqlite"),
			createOnGet: false,
			onHandedOut: "regenerate",
			hiera: {
				config: [join(user.home, "hiera.yaml"), "/etc/puppet/hiera.yaml"],
				hosts: join(user.home, "hosts"),
				environment: "test",
			},
			accounts: { min_uid: 500, min_gid: 100, names: "debian" },
			publish: { tree: user.sandbox.path("tree"), signing_key: "site key" },
			serve: {},
			formats: builtinFormats,
			options: { length: 20, mysql: { plugin: "ed25519" } },
			profiles: { wifi: { charset: "typesafe", length: 20 } },
		});
	});

	test("store_options.path is relative to the file, or to the home", async () => {
		const user = new User();
		const path = async (path: string) => (await user.load(`store_options: {path: "${path}"}`)).store.options.path;
		expect(await path("store.sqlite")).toBe(join(user.home, "store.sqlite"));
		expect(await path("../store.sqlite")).toBe(user.sandbox.path("store.sqlite"));
		expect(await path("~/store.sqlite")).toBe(join(user.home, "store.sqlite"));
	});

	test("may be a symbol of Ruby's, and so may its value", async () => {
		const user = new User();
		const text =
			"---\n:store: :memory\n:encryption: :none\n:options:\n  :length: 20\n  :charset: :shellsafe\n  :profiles: [:login]\n";
		expect(await user.load(text)).toMatchObject({
			store: { name: "memory" },
			options: { length: 20, charset: "shellsafe", profiles: ["login"] },
		});
	});

	test("texts that only look like symbols stay", async () => {
		const user = new User();
		const text = `options: {charset: {custom: ":abc"}, pgsql: {username: ":joe"}, sshkey: {passphrase: ":secret", comment: ":c"}}
store_options: {path: ":store"}`;
		expect(await user.load(text)).toMatchObject({
			store: sqlite(join(user.home, ":store")),
			options: {
				charset: { custom: ":abc" },
				pgsql: { username: ":joe" },
				sshkey: { passphrase: ":secret", comment: ":c" },
			},
		});
	});

	test("is YAML 1.1's: no is false", async () => {
		const user = new User();
		for (const no of ["no", "off", "False"]) {
			expect(await user.load(`create_on_get: ${no}\noptions: {random: ${no}}`)).toMatchObject({
				createOnGet: false,
				options: { random: false },
			});
		}
	});

	test("store: moneta is the Ruby trocla's and refused, whatever else is there", async () => {
		const user = new User();
		for (const moneta of ["moneta", ":moneta"]) {
			const text = `ssl_options: {}\nstore_options: {adapter: :YAML, adapter_options: {:file: /tmp/trocla.yaml}}\nstore: ${moneta}`;
			await expect(user.load(text)).rejects.toMatchObject({
				code: "config",
				message: `${user.file}: store: moneta is the Ruby trocla's`,
				hint: expect.stringContaining(`trocla import --from ruby --config ${user.file} brings its passwords in`),
			});
		}
	});

	test.each([
		["stroe: memory", '"stroe"', "store"],
		["store: sqlit", '"sqlit"', "sqlite"],
		["store_options: {pth: /x}", '"pth"', "path"],
		["on_handed_out: regenrate", '"regenrate"', "regenerate"],
		["hiera: {host: /x}", '"host"', "hosts"],
		["accounts: {minuid: 1}", '"minuid"', "min_uid"],
		["accounts: {names: debain}", 'accounts.names: "debain"', "debian"],
		["publish: {three: /x}", '"three"', "tree"],
		["options: {lenght: 5}", 'options: "lenght"', "length"],
		["profiles: {wifi: {chrset: numeric}}", 'profile "wifi": "chrset"', "charset"],
	])("that is not known is refused with the nearest one: %s", async (text, name, nearest) => {
		const user = new User();
		await expect(user.load(text)).rejects.toMatchObject({
			code: "config",
			message: expect.stringContaining(name),
			hint: `Did you mean ${nearest}?`,
		});
		await expect(user.load(text)).rejects.toThrow(user.file);
	});

	test.each([
		["[]", "must be a map"],
		["just a text", "must be a map"],
		["2026-01-01", "must be a map"],
		["store: [sqlite]", "store: "],
		["store: 1", "store: "],
		["store_options: /srv/x", "store_options: must be a map"],
		["store: memory\nstore_options: {path: /x}", 'store_options: unknown key "path" (store: memory)'],
		["store_options: {path: 1}", "store_options.path must be"],
		["store_options: {path: ''}", "store_options.path must be"],
		["create_on_get: 1", "create_on_get must be true or false"],
		["on_handed_out: yes", "on_handed_out: true"],
		["encryption: ssl", "encryption: "],
		["hiera: /etc/hiera.yaml", "hiera: must be a map"],
		["hiera: {config: []}", "hiera.config names no file"],
		["hiera: {config: [1]}", "hiera.config must be a file's path"],
		["hiera: {hosts: ''}", "hiera.hosts must be a directory's path"],
		["hiera: {environment: ../x}", 'hiera.environment can\'t be "../x"'],
		["accounts: {min_uid: 0}", "accounts.min_uid must be a whole number from 1 to 65533, not 0"],
		["accounts: {min_gid: '5'}", "accounts.min_gid must be"],
		["publish: {tree: [x]}", "publish.tree must be a directory's path"],
		["publish: {signing_key: ''}", "publish.signing_key: "],
		["options: []", "options: must be a map"],
		["options: 2026-01-01", "options: must be a map"],
		["options: {length: 0}", "length must be a whole number from 1 to 4096, not 0"],
		["options: {length: '8'}", "length must be"],
		["options: {mysql: {length: -1}}", "mysql: length must be"],
		["options: {length: .nan}", "length must be a whole number from 1 to 4096, not NaN"],
		["options: {expires: -.inf}", "not -Infinity"],
		["options: {length: 2026-01-01}", 'not "2026-01-01'],
		["options: {require: {upper: ''}}", 'require.upper must be a whole number from 0 to 99, not ""'],
		["options: {require: 2026-01-01}", 'not "2026-01-01'],
		["options: {plain: 2026-01-01}", 'not "2026-01-01'],
		["options: {plain: {plain: {length: 8}}}", "options: plain: plain is a format"],
		["options: {mysql: {plain: {length: 8}}}", "options: mysql: plain is a format"],
		["options: {profiles: nosuch}", 'options: profile "nosuch" is not known'],
		["options: {profiles: 'login,nosuch'}", 'options: profile "nosuch" is not known'],
		["options: {mysql: {profiles: [nosuch]}}", 'options: profile "nosuch" is not known'],
		["profiles: {wifi: {profiles: login}}", 'profile "wifi": profiles does nothing here'],
		["profiles: {wifi: {plain: {profiles: login}}}", 'profile "wifi": profiles does nothing here'],
		["store_options: {path: '~'}", 'store_options.path "~": only ~/'],
		["store_options: {path: '~root/x'}", 'store_options.path "~root/x": only ~/'],
		["options: &self {mysql: *self}", "options: "],
		["profiles: [wifi]", "profiles: must be a map"],
		["profiles: {wifi: 12}", 'profile "wifi": must be a map'],
		["profiles: {wifi: {expires: soon}}", 'profile "wifi": expires must be'],
		["a: &a [*a]", '"a"'],
	])("with a wrong value is refused by the file's and its name: %s", async (text, message) => {
		const user = new User();
		await expect(user.load(text)).rejects.toMatchObject({ code: "config", message: expect.stringContaining(message) });
		await expect(user.load(text)).rejects.toThrow(user.file);
	});
});

test.each([
	["store: [sqlite", 1],
	["store: sqlite\n  options: x", 2],
	["a: 1\nb: 'x", 2],
	["options: {length: 1}\n\n\noptions: {length: 2}", 4],
	["a: !ruby/object:Trocla {}", 1],
])("broken YAML is refused with its line: %j", async (text, line) => {
	const user = new User();
	await expect(user.load(text)).rejects.toMatchObject({
		code: "config",
		message: expect.stringMatching(new RegExp(`${user.file} is not YAML: .*\\(line ${line}, column \\d+\\)`)),
	});
});

test("nothing of broken YAML is told, since it may be a secret", async () => {
	const user = new User();
	for (const text of ["a: 's3cret", "s3cret: [", "s3cret\n s3cret: x"]) {
		const error: unknown = await user.load(text).catch((error: unknown) => error);
		expect(error).toBeInstanceOf(TroclaError);
		expect(String(error)).not.toContain("s3cret");
	}
});
