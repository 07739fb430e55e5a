import type { DaemonPlace } from "../config/server.js";
import { type ErrorCode, TroclaError } from "../errors.js";
import { isMap } from "../value.js";

/** What a daemon's store throws, and so does the call here. */
const OF_STORES: readonly ErrorCode[] = [
	...(["invalid", "config", "data", "not_found", "no_plaintext", "claimed", "unhashable"] as const),
	...(["undelivered", "damaged", "export", "ring", "store", "source"] as const),
];

/** An answer that says why something was not done. */
export class Refusal extends TroclaError {
	/** The daemon's own code for it, which may be one that no store has: `too_large`. */
	readonly daemonCode: string;

	constructor(daemonCode: string, code: ErrorCode, message: string, hint: string | undefined) {
		super(code, message, hint);
		this.daemonCode = daemonCode;
	}
}

/** What a daemon's error becomes: what the store itself would have thrown, or what only a daemon has to say. */
export function refusal({ name }: DaemonPlace, error: unknown): Refusal {
	const { code, message, hint } = isMap(error) ? error : {};
	const daemonCode = String(code);
	const told = typeof message === "string" ? message : "it did not say why";
	const help = typeof hint === "string" ? hint : undefined;
	const own = OF_STORES.find((known) => known === daemonCode);
	if (own) return new Refusal(daemonCode, own, told, help);
	if (daemonCode === "forbidden") return new Refusal(daemonCode, "forbidden", told, help);
	if (daemonCode === "unauthenticated") {
		const mend = "server_options in the configuration say which token or certificate it is shown";
		return new Refusal(daemonCode, "forbidden", `the daemon ${name} does not know this client: ${told}`, mend);
	}
	return new Refusal(daemonCode, "server", `the daemon ${name} did not do it: ${told}`, help);
}
