import { describe, expect, test } from "vitest";
import { TestDaemon } from "../../support/daemon.js";
import { missing } from "../../support/peers.js";
import { cleanUp } from "../../support/sandbox.js";
import { storeServers } from "../../support/stores/all.js";

const SECONDS = 1;
const ALICE = "/v1/key/alice/plain";

describe.each(storeServers)("a daemon whose store is on $name", ({ needs, start }) => {
	test.skipIf(missing(...needs))("says that it is away, and goes on by itself when it is back", async () => {
		const server = await start();
		cleanUp(() => server.stop());
		const { store, store_options } = server.config("127.0.0.1", server.port);
		const config = { store, store_options: { ...store_options, seconds: SECONDS } };
		const daemon = await TestDaemon.start({}, config);
		const value = async () => (await daemon.send("POST", ALICE)).json.value;
		const alice = await value();
		expect(alice).toHaveLength(16);

		await server.kill();
		const keys = Array.from({ length: 20 }, (_, n) => `/v1/key/new${n}/plain`);
		const paths = [ALICE, "/readyz", ...keys];
		const away = await Promise.all(paths.map((path) => daemon.send(path === "/readyz" ? "GET" : "POST", path)));
		expect(away.map(({ status }) => status)).toEqual(paths.map(() => 503));

		await server.again();
		await expect.poll(async () => (await daemon.send("GET", "/readyz")).status, { timeout: 20_000 }).toBe(200);
		expect(await value()).toBe(alice);
		const made = await Promise.all(keys.map(async (path) => (await daemon.send("POST", path)).json.value));
		await daemon.reload({}, config);
		expect(daemon.log.at(-1)).toMatchObject({ event: "reloaded" });
		expect(await value()).toBe(alice);
		expect(await Promise.all(keys.map(async (path) => (await daemon.send("POST", path)).json.value))).toEqual(made);
	});
});
