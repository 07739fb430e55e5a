import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { replaceableIn } from "../../backends/replaceable.js";
import { shellQuote } from "../../backends/shell-quote.js";
import { builtinFormats } from "../../formats/index.js";
import { TroclaError } from "../errors.js";
import type { HookPaths } from "../hooks/hooks.js";
import type { OptionPolicy } from "../options/profiles.js";
import type { Sealing } from "../seal/aes.js";
import { isEmpty } from "../value.js";
import { secretOf } from "./fields.js";
import { homeDirectory } from "./home.js";
import type { AccountsInput, ConfigInput, HieraInput, PublishInput, ServeInput } from "./input.js";
import type { DaemonPlace } from "./server.js";
import { type StorePlace, storeOf } from "./store.js";

/** A configuration, checked and complete. */
export interface Config extends OptionPolicy {
	/** The file that it was read from; `undefined` for the built-in one. */
	readonly file: string | undefined;
	/** The daemon that is asked, in place of a store here. */
	readonly server: DaemonPlace | undefined;
	readonly store: StorePlace;
	/** False: the command `get` returns stored values only. */
	readonly createOnGet: boolean;
	/** What happens when a plaintext is asked for that was handed out: an error, or a new one that drops the hashes. */
	readonly onHandedOut: "refuse" | "regenerate";
	/** The audit's file, absolute; `undefined` where nothing is audited. */
	readonly audit: string | undefined;
	/** The programs that hear of changes, absolute; `undefined` where there are none. */
	readonly hooks: HookPaths | undefined;
	/** As they are written, with absolute paths; what is left out stays so. */
	readonly hiera: HieraInput;
	readonly accounts: AccountsInput;
	readonly publish: PublishInput;
	readonly serve: ServeInput;
	/** How records are sealed; `undefined` where they are not. */
	readonly sealing: Sealing | undefined;
}

/** The parts of the surroundings that say where files are. */
export interface Surroundings {
	readonly env: { readonly [name: string]: string | undefined };
	readonly home: string;
	readonly isRoot: boolean;
}

export function surroundings(): Surroundings {
	return { env: process.env, home: homeDirectory(), isRoot: process.getuid?.() === 0 };
}

/**
 * Reads the configuration: `file`, else `$TROCLA_CONFIG`, else `~/.troclarc.yaml`, else `/etc/troclarc.yaml`, else the
 * built-in one.
 *
 * @throws {TroclaError} `config`
 */
export async function loadConfig(file: string | undefined, around = surroundings()): Promise<Config> {
	const named = file ?? (around.env.TROCLA_CONFIG || undefined);
	if (named !== undefined) {
		const path = resolve(named);
		const text = readConfig(path);
		if (text !== undefined) return await parseConfig(text, path, around);
		throw new TroclaError("config", `there is no configuration ${path}`, `Make one with: trocla init -c ${path}`);
	}
	for (const path of configPlaces(around)) {
		const text = readConfig(path);
		if (text !== undefined) return await parseConfig(text, path, around);
	}
	return checkedConfig({}, undefined, around);
}

/** Where a configuration is looked for that nobody named. */
export function configPlaces({ home }: Surroundings): readonly string[] {
	return [join(home, ".troclarc.yaml"), "/etc/troclarc.yaml"];
}

/** Where `trocla init` writes when it is not told. */
export function defaultConfigFile({ home, isRoot }: Surroundings): string {
	return isRoot ? "/etc/troclarc.yaml" : join(home, ".troclarc.yaml");
}

/** Where `trocla init --sealed` puts the key ring when it is not told: apart from the store. */
export function defaultRingFile({ env, home, isRoot }: Surroundings): string {
	if (isRoot) return "/etc/trocla/keys";
	const config = env.XDG_CONFIG_HOME?.startsWith("/") ? env.XDG_CONFIG_HOME : join(home, ".config");
	return join(config, "trocla/keys");
}

/** Where the store is when the configuration does not say: `/var/lib` for root, else the XDG data directory. */
export function defaultStorePath({ env, home, isRoot }: Surroundings): string {
	if (isRoot) return "/var/lib/trocla/trocla.sqlite";
	const data = env.XDG_DATA_HOME?.startsWith("/") ? env.XDG_DATA_HOME : join(home, ".local/share");
	return join(data, "trocla/trocla.sqlite");
}

/** Where the daemon's socket is when the configuration does not say: `/run` for root, else the user's runtime directory. */
export function defaultSocketPath({ env, isRoot }: Surroundings): string {
	if (isRoot) return "/run/trocla/trocla.sock";
	if (env.XDG_RUNTIME_DIR?.startsWith("/")) return join(env.XDG_RUNTIME_DIR, "trocla.sock");
	throw new TroclaError(
		"config",
		"it is not said where the socket is to be, and XDG_RUNTIME_DIR is not set",
		"Add to the configuration: serve: {socket: {path: /a/path/trocla.sock}}",
	);
}

/** The text of a configuration file; `undefined` where there is none. Refuses one that others may change. */
function readConfig(path: string): string | undefined {
	let file: number;
	try {
		file = openSync(path, "r");
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code === "ENOENT" || code === "ENOTDIR") return undefined;
		throw new TroclaError(
			"config",
			`the configuration ${path} can't be read: ${message}`,
			"Mend its permissions, or name another with --config",
		);
	}
	try {
		const { mode, uid } = fstatSync(file);
		if (mode & 0o022) {
			throw new TroclaError(
				"config",
				`the configuration ${path} can be changed by others`,
				`Run: chmod go-w ${shellQuote(path)}`,
			);
		}
		const me = process.getuid?.() ?? 0;
		if (me !== 0 && uid !== 0 && uid !== me) {
			throw new TroclaError(
				"config",
				`the configuration ${path} belongs to another user`,
				"It must be yours, or root's",
			);
		}
		const open = replaceableIn(resolve(path));
		if (open) {
			throw new TroclaError(
				"config",
				`${open.directory} can be written by others (mode ${open.mode}), who could put another configuration there`,
				`Run: chmod go-w ${shellQuote(open.directory)}`,
			);
		}
		return readFileSync(file, "utf8");
	} catch (error) {
		if (error instanceof TroclaError) throw error;
		throw new TroclaError("config", `the configuration ${path} can't be read: ${(error as Error).message}`);
	} finally {
		closeSync(file);
	}
}

async function parseConfig(text: string, path: string, around: Surroundings): Promise<Config> {
	const { parseYaml } = await import("./yaml.js");
	let document: unknown;
	try {
		document = parseYaml(text);
	} catch (error) {
		throw new TroclaError(
			"config",
			`the configuration ${path} is not YAML: ${(error as Error).message}`,
			"Mend that line",
		);
	}
	return await checkedConfig(document ?? {}, path, around);
}

/** @throws {TroclaError} `config` */
export async function checkedConfig(
	document: unknown,
	file: string | undefined,
	around = surroundings(),
): Promise<Config> {
	const base = file ? dirname(file) : process.cwd();
	const { input, formats } = isEmpty(document)
		? { input: {} as ConfigInput, formats: builtinFormats }
		: await (await import("./check.js")).checkConfig(document, file, base);
	const absolute = (path: string) => resolve(base, path.replace(/^~(?=\/)/, around.home));
	return {
		file,
		server: input.server === undefined ? undefined : (await import("./server.js")).placeOf(input, absolute),
		store: storeOf(input, defaultStorePath(around), absolute),
		createOnGet: input.create_on_get ?? true,
		onHandedOut: input.on_handed_out ?? "refuse",
		audit: input.audit && absolute(input.audit.file),
		hooks: hookPaths(input.hooks, absolute),
		hiera: hieraPaths(input.hiera ?? {}, absolute),
		accounts: input.accounts ?? {},
		publish: { ...input.publish, ...(input.publish?.tree && { tree: absolute(input.publish.tree) }) },
		serve: servePaths(input.serve ?? {}, absolute),
		sealing: sealingOf(input, absolute),
		formats,
		options: input.options ?? {},
		profiles: input.profiles ?? {},
	};
}

function hookPaths(hooks: ConfigInput["hooks"], absolute: (path: string) => string): HookPaths | undefined {
	const paths = (named: { [name: string]: string } | null | undefined) =>
		Object.fromEntries(Object.entries(named ?? {}).map(([name, path]) => [name, absolute(path)]));
	return hooks && { set: paths(hooks.set), delete: paths(hooks.delete) };
}

function hieraPaths({ config, hosts, ...rest }: HieraInput, absolute: (path: string) => string): HieraInput {
	return {
		...rest,
		...(config !== undefined && { config: [config].flat().map(absolute) }),
		...(hosts !== undefined && { hosts: absolute(hosts) }),
	};
}

function servePaths({ socket, https, ...rest }: ServeInput, absolute: (path: string) => string): ServeInput {
	return {
		...rest,
		...(socket && { socket: { ...socket, ...(socket.path !== undefined && { path: absolute(socket.path) }) } }),
		...(https && {
			https: {
				...https,
				certificate: absolute(https.certificate),
				key: absolute(https.key),
				...(https.ca !== undefined && { ca: absolute(https.ca) }),
				...(https.crl !== undefined && { crl: absolute(https.crl) }),
			},
		}),
	};
}

function sealingOf(
	{ encryption = "none", encryption_options = {} }: ConfigInput,
	absolute: (path: string) => string,
): Sealing | undefined {
	const ring = secretOf(encryption_options, "key", absolute);
	if (encryption === "none" || !ring) return undefined;
	return { ring, acceptPlain: encryption_options.accept_plain ?? false };
}
