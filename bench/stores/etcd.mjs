// etcd as Debian sets it up, asked over its JSON gateway, as trocla asks it.
import { keyName, keyRow } from "../keys.mjs";
import { eachAtOnce, httpClient } from "./http.mjs";
import { freePort, programPath, startServer } from "./place.mjs";

const AT_ONCE = 16;
const BATCH = 128;
const PAGE = 1000;

const base64 = (value) => Buffer.from(value).toString("base64");

export async function start() {
	const [port, peers] = [await freePort(), await freePort()];
	const url = `http://127.0.0.1:${port}`;
	const peer = `http://127.0.0.1:${peers}`;
	const clients = ["--listen-client-urls", url, "--advertise-client-urls", url];
	const cluster = [
		"--listen-peer-urls",
		peer,
		"--initial-advertise-peer-urls",
		peer,
		"--initial-cluster",
		`default=${peer}`,
	];
	const prepare = (path) => [programPath("etcd"), "--data-dir", path, ...clients, ...cluster];
	const server = await startServer(prepare, /ready to serve client requests|serving insecure client/);
	const { ask, close } = httpClient(`${url}/v3/kv`, {}, AT_ONCE);
	const rowKey = (key) => base64(`trocla:${key}`);
	const value = base64(keyRow("", "password")[1]);
	const put = (key) => ({ requestPut: { key: rowKey(key), value } });
	return {
		name: "etcd",
		many: 200_000,
		config: { store: "etcd", store_options: { url } },
		select: (key) => ask("POST", "range", { key: rowKey(key) }),
		insert(key) {
			const compare = [{ key: rowKey(key), target: "CREATE", result: "EQUAL", createRevision: "0" }];
			return ask("POST", "txn", { compare, success: [put(key)] });
		},
		fill: (count) =>
			eachAtOnce(Math.ceil(count / BATCH), AT_ONCE, (batch) => {
				const length = Math.min(BATCH, count - batch * BATCH);
				return ask("POST", "txn", { success: Array.from({ length }, (_, n) => put(keyName(batch * BATCH + n))) });
			}),
		async all() {
			let key = rowKey("");
			for (;;) {
				const { kvs = [], more } = await ask("POST", "range", { key, range_end: base64("trocla;"), limit: PAGE });
				if (!more) return;
				key = Buffer.concat([Buffer.from(kvs.at(-1).key, "base64"), Buffer.of(0)]).toString("base64");
			}
		},
		async stop() {
			close();
			await server.stop();
		},
	};
}
