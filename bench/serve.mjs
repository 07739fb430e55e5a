// The daemon beside a Fastify that does nothing, asked by the same client; and its memory after a million requests.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fillStore, keyName } from "./keys.mjs";
import { byTurns, inSandbox, median, NODE, row } from "./measure.mjs";
import { Asked, startBare, startDaemon, stop } from "./processes.mjs";

const KEYS = 10_000;
const ROUNDS = 15;
const CLIENTS = [1, 16];
const COUNT = 10_000;
const MILLION = 1_000_000;

export async function run() {
	return await inSandbox(async ({ directory, store, env }) => {
		await fillStore(store, KEYS);
		const client = new Asked(NODE, "http-client.mjs", [], env);
		const rows = [...(await rates(directory, store, env, client)), ...(await memory(directory, store, env, client))];
		await client.stop();
		return rows;
	});
}

async function rates(directory, store, env, client) {
	const socket = join(directory, "trocla.sock");
	const config = configure(directory, { store_options: { path: store }, serve: { socket: { path: socket } } });
	const bareSocket = join(directory, "bare.sock");
	const daemon = await startDaemon(config, env);
	const bare = await startBare(bareSocket, env);
	const requests = Array.from({ length: 100 }, (_, n) => get(keyName(n * 97)));
	const subjects = CLIENTS.flatMap((connections) => [
		{ connections, socket, slow: [] },
		{ connections, socket: bareSocket, slow: [] },
	]);
	const measured = await byTurns(
		ROUNDS,
		subjects.map(({ slow, ...subject }) => async () => {
			const { rate, p99 } = await client.ask({ ...subject, count: COUNT, requests });
			slow.push(p99);
			return rate;
		}),
	);
	await stop(daemon);
	await stop(bare);
	return CLIENTS.flatMap((clients, index) => {
		const who = clients === 1 ? "1 client" : `${clients} clients`;
		const [ours, theirs] = subjects.slice(2 * index).map(({ slow }) => median(slow));
		return [
			row(
				`stored gets a second, ${who}`,
				"a constant of Fastify's",
				measured[2 * index],
				measured[2 * index + 1],
				"/s",
			),
			row(`99th percentile, ${who}`, "a constant of Fastify's", ours, theirs),
		];
	});
}

/** What a daemon is asked over the weeks: of a hundred requests most are for what is stored, one is for a new key. */
async function memory(directory, store, env, client) {
	const socket = join(directory, "mixed.sock");
	const rules = [{ who: "socket", may: ["get", "create"], keys: ["**"] }];
	const config = configure(directory, { store_options: { path: store }, serve: { socket: { path: socket }, rules } });
	const daemon = await startDaemon(config, env);
	const requests = [
		...Array.from({ length: 88 }, (_, n) => get(keyName(n * 113))),
		...Array.from({ length: 5 }, (_, n) => post(keyName(n * 1999))),
		post("new_{n}"),
		...[get("missing"), get("missing%00"), get("%FF")],
		...[put("refused", { value: "a password" }), put("refused", { value: 1 }), post("malformed", '{"length":')],
	];
	const sizes = [];
	let done = 0;
	for (const count of [COUNT, MILLION / 10, MILLION]) {
		await client.ask({ socket, connections: 16, count: count - done, requests });
		done = count;
		sizes.push(residentMib(daemon.pid));
	}
	await stop(daemon);
	const [few, more, million] = sizes;
	return [
		row("memory after 100,000 requests", "after 10,000", more, few, "MiB"),
		row("memory after 1,000,000 requests", "after 10,000", million, few, "MiB"),
	];
}

function configure(directory, config) {
	const file = join(directory, "serve.yaml");
	writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
	return file;
}

function residentMib(pid) {
	const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
	return Number(kib) / 1024;
}

const get = (key) => `GET /v1/key/${key}/plain HTTP/1.1\r\nHost: trocla\r\n\r\n`;
const post = (key, body = "{}") => withBody("POST", key, body);
const put = (key, body) => withBody("PUT", key, JSON.stringify(body));

function withBody(verb, key, body) {
	const head = `${verb} /v1/key/${key}/plain HTTP/1.1\r\nHost: trocla\r\nContent-Type: application/json`;
	return `${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
