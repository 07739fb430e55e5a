/** Upper bounds, in seconds: from a stored value to a slow hash. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Answered {
	readonly method: string;
	/** The resource's path, as `/v1/key/:key/:format`: no key. */
	readonly route: string;
	readonly status: number;
	readonly seconds: number;
}

interface Times {
	readonly buckets: number[];
	sum: number;
	count: number;
}

/** What the daemon counts, for Prometheus (text format 0.0.4). */
export class Metrics {
	readonly #requests = new Map<string, number>();
	readonly #times = new Map<string, Times>();

	answered({ method, route, status, seconds }: Answered): void {
		const where = `method="${method}",route="${route}"`;
		const labels = `${where},status="${status}"`;
		this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1);
		const times = this.#times.get(where) ?? { buckets: BUCKETS.map(() => 0), sum: 0, count: 0 };
		this.#times.set(where, times);
		const index = BUCKETS.findIndex((bound) => seconds <= bound);
		if (index >= 0) times.buckets[index] = (times.buckets[index] ?? 0) + 1;
		times.sum += seconds;
		times.count++;
	}

	/** @param gauges - what is so at this moment, by name, each with what it means */
	print(gauges: { readonly [name: string]: readonly [value: number, help: string] }): string {
		const lines = ["# HELP trocla_requests_total Requests that were answered.", "# TYPE trocla_requests_total counter"];
		for (const [labels, count] of this.#requests) lines.push(`trocla_requests_total{${labels}} ${count}`);
		lines.push(
			"# HELP trocla_request_seconds Time from a request to its answer.",
			"# TYPE trocla_request_seconds histogram",
		);
		for (const [labels, { buckets, sum, count }] of this.#times) {
			let below = 0;
			for (const [index, bound] of BUCKETS.entries()) {
				below += buckets[index] ?? 0;
				lines.push(`trocla_request_seconds_bucket{${labels},le="${bound}"} ${below}`);
			}
			lines.push(`trocla_request_seconds_bucket{${labels},le="+Inf"} ${count}`);
			lines.push(`trocla_request_seconds_sum{${labels}} ${sum}`, `trocla_request_seconds_count{${labels}} ${count}`);
		}
		for (const [name, [value, help]] of Object.entries(gauges)) {
			lines.push(
				`# HELP ${name} ${help}`,
				`# TYPE ${name} ${name.endsWith("_total") ? "counter" : "gauge"}`,
				`${name} ${value}`,
			);
		}
		return `${lines.join("\n")}\n`;
	}
}
