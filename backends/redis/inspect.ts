import { BackendError, type Flaw } from "../backend.js";
import type { Send } from "./connection.js";

/** What a server says about itself. */
export interface Inspection {
	readonly isCluster: boolean;
	readonly isPrimary: boolean;
	/** Why it may lose what it answered was stored. */
	readonly losses: readonly Flaw[];
}

const SECTIONS = ["server", "memory", "persistence", "replication", "cluster"];
const SYNCING = ["appendfsync", "no-appendfsync-on-rewrite"];

/** Asks a server what it does with what it is told to keep. */
export async function inspect(send: Send): Promise<Inspection> {
	const [info, syncing] = await Promise.all([
		send(["INFO", ...SECTIONS]),
		// Not everybody may ask for it.
		send(["CONFIG", "GET", ...SYNCING]).catch((error: Error) => {
			if (/^(NOPERM|ERR) /.test(error.message)) return undefined;
			throw error;
		}),
	]);
	const fields = new Map([...String(info).matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = "", value]) => [name, value]));
	return {
		isCluster: fields.get("cluster_enabled") === "1",
		isPrimary: fields.get("role") === "master",
		losses: [...lossesOf(fields, Array.isArray(syncing) ? syncing.map(String) : undefined)],
	};
}

/** Whoever reads a text prints it, so it must be on the disk before anybody can read it: only `always` sees to that. */
function* lossesOf(
	fields: ReadonlyMap<string, string | undefined>,
	syncing: readonly string[] | undefined,
): Generator<Flaw> {
	const evicts = fields.get("maxmemory_policy") ?? "noeviction";
	if (evicts.startsWith("allkeys-")) {
		yield {
			message: `it drops records when its memory is full (maxmemory-policy ${evicts})`,
			hint: "On the server: CONFIG SET maxmemory-policy noeviction, and in its redis.conf",
		};
	}
	if (fields.get("aof_enabled") !== "1") {
		yield {
			message: "it forgets the last changes when it ends (appendonly no)",
			hint: "On the server: CONFIG SET appendonly yes appendfsync always, and in its redis.conf",
		};
		return;
	}
	if (!syncing) {
		yield {
			message: "it does not tell whether changes are on its disk before it answers (appendfsync)",
			hint: "Allow it on the server: ACL SETUSER NAME +config|get",
		};
		return;
	}
	const value = (name: string) => syncing[syncing.indexOf(name) + 1];
	if (value("appendfsync") !== "always") {
		yield {
			message: `it answers before changes are on its disk (appendfsync ${value("appendfsync")})`,
			hint: "On the server: CONFIG SET appendfsync always, and in its redis.conf",
		};
	} else if (value("no-appendfsync-on-rewrite") !== "no") {
		yield {
			message: "it answers before changes are on its disk while it rewrites its log (no-appendfsync-on-rewrite yes)",
			hint: "On the server: CONFIG SET no-appendfsync-on-rewrite no, and in its redis.conf",
		};
	}
}

/** @throws {BackendError} where it must not be used */
export function refuseUnsafe({ isPrimary, losses }: Inspection, server: string, mayLose: boolean): void {
	if (!isPrimary) {
		throw new BackendError(
			"full",
			`${server}: the server is a replica, which takes no changes and may not have the last ones`,
			"Name the primary in store_options.url",
		);
	}
	const [loss] = losses;
	if (!loss || mayLose) return;
	throw new BackendError(
		"unavailable",
		`${server}: the server may lose passwords: ${loss.message}`,
		`${loss.hint}. Or allow it to lose some: store_options.allow_loss: true`,
	);
}
