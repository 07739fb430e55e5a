import { serveActions } from "../../config/serve.js";
import { ApiError } from "../api-error.js";
import type { Metrics } from "../metrics.js";
import type { Resource } from "../resource.js";
import { stateAnswer, whoAnswer } from "../schemas.js";

export interface DaemonState {
	readonly version: string;
	readonly metrics: Metrics;
	readonly connections: () => number;
}

/** Any key: whether it is stored makes no difference. */
const SOME_KEY = "readyz";
const MICROSECONDS = 1e6;

/** How the daemon is. */
export function daemonResources({ version, metrics, connections }: DaemonState): readonly Resource[] {
	return [
		{
			method: "GET",
			path: "/healthz",
			summary: "Whether the daemon is there",
			answer: stateAnswer,
			respond: async () => ({ success: true, version }),
		},
		{
			method: "GET",
			path: "/readyz",
			summary: "Whether the store can be read",
			answer: stateAnswer,
			failures: [503],
			async respond({ store }) {
				try {
					await store.read((trocla) => trocla.formats(SOME_KEY));
				} catch {
					// Anyone may ask: where the store is, and what is wrong with it, the log tells.
					throw new ApiError(503, "store", "the store can't be read", "The daemon's log has more");
				}
				return { success: true };
			},
		},
		{
			method: "GET",
			path: "/v1/whoami",
			summary: "Who the client is, and what it may do with some key",
			answer: whoAnswer,
			async respond({ client: { name, grants } }) {
				return { client: name, may: serveActions.filter((action) => grants.allowsSome(action)), success: true };
			},
		},
		{
			method: "GET",
			path: "/metrics",
			summary: "Counters for Prometheus; no keys",
			action: "metrics",
			answer: { mediaType: "text/plain; version=0.0.4; charset=utf-8" },
			async respond({ store, reply }) {
				const { user, system } = process.cpuUsage();
				reply.type("text/plain; version=0.0.4; charset=utf-8");
				return metrics.print({
					trocla_store_up: [store.isInPlace ? 1 : 0, "Whether the store is in its place."],
					trocla_connections: [connections(), "Connections that are open."],
					process_resident_memory_bytes: [process.memoryUsage.rss(), "Resident memory size in bytes."],
					process_cpu_seconds_total: [(user + system) / MICROSECONDS, "Total user and system CPU time in seconds."],
					process_start_time_seconds: [
						Math.round(performance.timeOrigin) / 1000,
						"Start time of the process since unix epoch in seconds.",
					],
				});
			},
		},
	];
}
