import { Connection } from "../client/connection.js";
import type { DaemonPlace } from "../config/server.js";
import { isMap } from "../value.js";
import { type Finding, fault, note, ok } from "./finding.js";

/** Checks the daemon that a configuration names: whether it is there, whether it can read its store, what it lets this client do. */
export async function* checkDaemon(place: DaemonPlace): AsyncGenerator<Finding> {
	try {
		const connection = await Connection.to(place, () => {});
		const ask = (path: string) => connection.ask({ method: "GET", path, repeatable: true });
		try {
			const health = await ask("/healthz");
			yield ok("server", `${place.name} is there${isMap(health) ? `: trocla ${health.version}` : ""}`);
			await ask("/readyz");
			yield ok("server", "it can read its store");
			const who = await ask("/v1/whoami");
			const { client, may } = isMap(who) ? who : {};
			if (Array.isArray(may) && may.length > 0)
				yield ok("server", `to it this is ${client}, who may ${may.join(", ")}`);
			else yield note("server", `to it this is ${client}, who may do nothing`, MEND);
		} finally {
			connection.close();
		}
	} catch (error) {
		yield fault("server", error);
	}
}

const MEND = "Add a rule to serve.rules in the daemon's configuration, or show it another token with server_options";
