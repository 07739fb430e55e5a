import { TroclaError } from "../errors.js";
import type { SecretSource } from "../secret.js";
import { quoteValue } from "../value.js";
import { type Fail, filePath, known, secretNames, secretOf, secretPlace, wholeNumber } from "./fields.js";
import type { ConfigInput } from "./input.js";

/** The daemon that has the store, and how it is asked. */
export interface DaemonPlace {
	/** As it stands in messages: `https://trocla.example.com:8443`. */
	readonly name: string;
	readonly at: { readonly socketPath: string } | { readonly host: string; readonly port: number };
	readonly token: SecretSource | undefined;
	/** Files, absolute: the client's certificate with its key, and who signs the daemon's. */
	readonly certificate: string | undefined;
	readonly key: string | undefined;
	readonly ca: string | undefined;
	/** How long an answer may take. */
	readonly seconds: number;
}

/** Where `trocla serve` listens unless told; no other program is asked at this port by mistake. */
const DEFAULT_PORT = 8443;
/** Longer than the daemon itself takes for a request, so that its own answer tells why. */
const DEFAULT_SECONDS = 60;

const EXAMPLE = "As in: server: unix:/run/trocla/trocla.sock, or: server: https://trocla.example.com";

/** @throws {TroclaError} `config` */
export function checkServer(value: unknown, fail: Fail): void {
	if (typeof value === "string" && /^http:/i.test(value)) {
		throw fail("http:// would show every password on its way", "Use https://, or unix: for a socket on this machine");
	}
	if (typeof value === "string" && value.startsWith("unix:")) filePath("server", value.slice("unix:".length), fail);
	else if (!httpsPlace(value)) throw fail(`${quoteValue(value)} is no daemon's place`, EXAMPLE);
}

function httpsPlace(value: unknown): { readonly host: string; readonly port: number } | undefined {
	if (typeof value !== "string") return undefined;
	const [, bracketed, bare, digits] = /^https:\/\/(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?\/?$/i.exec(value) ?? [];
	const host = bracketed ?? bare;
	const port = digits === undefined ? DEFAULT_PORT : Number(digits);
	return host !== undefined && port >= 1 && port <= 65535 ? { host, port } : undefined;
}

const TOKENS = secretNames("token");
const FILES = ["certificate", "key", "ca"];

/** @throws {TroclaError} `config` */
export function checkServerOptions(value: unknown, fail: Fail): void {
	const options = known(value, [...TOKENS, ...FILES, "seconds"], fail);
	for (const name of FILES) {
		if (options[name] !== undefined) filePath(`server_options.${name}`, options[name], fail);
	}
	for (const name of TOKENS) {
		if (options[name] !== undefined) secretPlace(`server_options.${name}`, options[name], fail);
	}
	const { seconds } = options;
	if (seconds !== undefined) wholeNumber("server_options.seconds", seconds, { min: 1, max: 3600 }, fail);
}

/** What means something on a machine that has no store. */
const OF_CLIENTS = ["server", "server_options", "create_on_get", "hiera", "accounts"];

/**
 * Makes sure that a configuration is either a store's or that of a daemon's client.
 *
 * @throws {TroclaError} `config`
 */
export function checkClient(input: ConfigInput, fail: Fail): void {
	const { server, server_options: options = {} } = input;
	if (server === undefined) throw fail("server_options is of no use without server", EXAMPLE);
	const foreign = Object.keys(input).find((name) => !OF_CLIENTS.includes(name));
	if (foreign !== undefined) {
		throw fail(
			`${foreign} and server don't go together: the store is where the daemon is`,
			`Take ${foreign} out of here; the configuration of the daemon, ${server}, is where it belongs`,
		);
	}
	const tokens = TOKENS.filter((name) => Object.hasOwn(options, name));
	if (tokens.length > 1) throw fail(`server_options names ${tokens.join(" and ")}`, "Keep one of them");
	if ((options.certificate === undefined) !== (options.key === undefined)) {
		throw fail("server_options: certificate and key go together", "Name the files of both");
	}
	const [idle] = server.startsWith("unix:") ? FILES.filter((name) => Object.hasOwn(options, name)) : [];
	if (idle !== undefined) throw fail(`server_options.${idle} is for https://`, "Take it out");
}

/** @param absolute - makes a path of the configuration one */
export function placeOf(
	{ server = "", server_options: options = {} }: ConfigInput,
	absolute: (path: string) => string,
): DaemonPlace {
	const at = httpsPlace(server) ?? { socketPath: absolute(server.slice("unix:".length)) };
	const file = (path: string | undefined) => (path === undefined ? undefined : absolute(path));
	return {
		name: "host" in at ? nameOf(at) : `unix:${at.socketPath}`,
		at,
		token: secretOf({ ...options }, "token", absolute),
		certificate: file(options.certificate),
		key: file(options.key),
		ca: file(options.ca),
		seconds: options.seconds ?? DEFAULT_SECONDS,
	};
}

const nameOf = ({ host, port }: { readonly host: string; readonly port: number }) =>
	`https://${host.includes(":") ? `[${host}]` : host}:${port}`;

/**
 * Makes sure that a configuration's store is on this machine.
 *
 * @throws {TroclaError} `config` where it is a daemon's
 */
export function refuseRemote({ server }: { readonly server: DaemonPlace | undefined }): void {
	if (!server) return;
	throw new TroclaError(
		"config",
		`this works on the store itself, and the store is where the daemon ${server.name} is`,
		"Run it there, with the daemon's configuration. Nothing was changed",
	);
}
