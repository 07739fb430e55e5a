import { shellQuote } from "../../backends/shell-quote.js";
import type { DaemonPlace } from "../config/server.js";
import { TroclaError } from "../errors.js";
import { BrokenList } from "./key-list.js";

/** Something that took longer than it may. */
export class Slow extends Error {
	override name = "Slow";
}

/** Why a daemon can't be asked, and what to do about it. */
type Fault = readonly [what: string, hint: string];

const CA = "server_options.ca names the file of the CA that signed it";
const SOCKET = "Start it there with trocla serve, or: systemctl start trocla.socket";
const LISTENING = "Look whether trocla serve runs there, with serve.https in its configuration, and which port it has";
const CERTIFICATE = "The daemon's administrator has to renew it (serve.https.certificate), or a clock is wrong";

const OF_SOCKETS: { readonly [code: string]: Fault } = {
	ENOENT: ["there is no such socket", SOCKET],
	ECONNREFUSED: ["nobody listens on that socket", SOCKET],
	EACCES: ["this user may not use that socket", "serve.socket.mode and serve.socket.group, where it runs, say who may"],
};

const OF_HOSTS: { readonly [code: string]: Fault } = {
	ECONNREFUSED: ["nobody listens there", LISTENING],
	ENOTFOUND: ["there is no such host", "Mend the name: server in the configuration"],
	EAI_AGAIN: ["its name can't be looked up now", "Try again, or look at /etc/resolv.conf"],
	EHOSTUNREACH: ["there is no way to that host", "Look at the network between the two"],
	ENETUNREACH: ["there is no way to that host", "Look at the network between the two"],
	ERR_TLS_CERT_ALTNAME_INVALID: [
		"its certificate is for other names",
		"server must have a name that is in the certificate, or this is not the daemon",
	],
	CERT_HAS_EXPIRED: ["its certificate has expired", CERTIFICATE],
	CERT_NOT_YET_VALID: ["its certificate is not valid yet", CERTIFICATE],
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: ["its certificate is of a CA that is not known here", CA],
	UNABLE_TO_GET_ISSUER_CERT: ["its certificate is of a CA that is not known here", CA],
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ["its certificate is of a CA that is not known here", CA],
	SELF_SIGNED_CERT_IN_CHAIN: ["its certificate is of a CA that is not known here", CA],
	DEPTH_ZERO_SELF_SIGNED_CERT: ["its certificate is signed by itself", CA],
	CERT_SIGNATURE_FAILURE: ["its certificate is of another CA", CA],
	EPROTO: ["what listens there speaks no TLS that can be used", LISTENING],
};

const CUT =
	"Whether it was done can't be told: ask again, or see with trocla show KEY. What was printed before is stored";

/** What a failed connection comes down to. */
export function connectionFault(place: DaemonPlace, error: Error): TroclaError {
	const [what, hint] = describe(place, error);
	return new TroclaError("server", `the daemon ${place.name} can't be asked: ${what}`, hint, error);
}

/** Whether a connection ended in the middle of an answer, or this is the fault that comes of that. */
export function isCut(error: unknown): boolean {
	if (error instanceof TroclaError) return isCut(error.cause);
	if (error instanceof BrokenList) return error.isBegun;
	return error instanceof Error && "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
}

function describe({ at }: DaemonPlace, error: Error): Fault {
	const { code = "", message } = error as NodeJS.ErrnoException;
	if (error instanceof Slow) return [message, "See whether it is well; server_options.seconds allows for more"];
	const known = ("socketPath" in at ? OF_SOCKETS : OF_HOSTS)[code];
	if (known) return known;
	if (isCut(error)) return ["it ended the connection before it had answered", CUT];
	if (code.startsWith("HPE_")) return ["what listens there is no HTTP server", LISTENING];
	if (/^ERR_(SSL|TLS)_/.test(code)) return [`TLS failed (${code})`, LISTENING];
	return [message, "See whether it runs, and whether server in the configuration is its place"];
}

/** What is answered by something else than a daemon. */
export function noDaemon({ name }: DaemonPlace, status: number | undefined): TroclaError {
	const what = `what answers at ${name} is no trocla daemon (HTTP status ${status ?? "unknown"})`;
	return new TroclaError("server", what, "server in the configuration must be the place of trocla serve");
}

/** Files that OpenSSL does not take. */
export function faultyFiles(place: DaemonPlace, error: Error): TroclaError {
	const files = [place.certificate, place.key, place.ca].filter((path) => path !== undefined).map(shellQuote);
	return new TroclaError(
		"config",
		`server_options: OpenSSL does not take these files: ${error.message}`,
		`certificate, key and ca are PEM files, and the key is the certificate's and has no passphrase. See: ${files.join(" ")}`,
	);
}
