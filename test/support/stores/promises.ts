import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTrocla, type Trocla, TroclaError } from "../../../src/index.js";
import { CuttingProxy, type Fate } from "../cutting-proxy.js";
import { unexplained } from "../histories/linearizable.js";
import { Recording } from "../histories/recording.js";
import { directoryHost, type Host, networkHost, noNetworks } from "../hosts.js";
import { cleanUp, Sandbox } from "../sandbox.js";
import type { StoreServer } from "./store-server.js";

const HOSTS = 4;
const PROCESSES = 64;
const without = noNetworks();
const where = without ? `in ${HOSTS} directories (${without})` : `on ${HOSTS} hosts`;

const FAULTS: readonly Fate[] = ["request-lost", "answer-lost", "silence"];
/** How long a call may take where something is lost without anybody noticing. */
const SECONDS = 1;

/** What every store on a server promises, whatever happens to it and on the way to it. */
export function keepsPromises(name: string, start: () => Promise<StoreServer>): void {
	let server: StoreServer;
	let keys = 0;

	beforeAll(async () => {
		server = await start();
	});
	afterAll(() => server.stop());

	const proxied = async (host?: string) => {
		const proxy = await CuttingProxy.to(server.port, { host });
		cleanUp(() => proxy.close());
		return proxy;
	};

	/** The configuration of a store that is reached through a proxy. */
	const config = (host: string, port: number, options = {}) => {
		const { store_options, ...store } = server.config(host, port);
		return { ...store, store_options: { ...store_options, ...options } };
	};

	const opened = async (port: number, options = {}): Promise<Trocla> => {
		const trocla = await openTrocla({ config: config("127.0.0.1", port, options) });
		cleanUp(() => trocla.close());
		return trocla;
	};

	describe(name, () => {
		test(`${PROCESSES} processes ${where} that make one new key, in a store that is not there yet, print one value`, async () => {
			const hosts = await Promise.all(
				Array.from({ length: HOSTS }, (_, n) => (without ? directoryHost() : networkHost(n))),
			);
			for (const { sandbox, gateway } of hosts) {
				const proxy = await proxied(gateway);
				sandbox.configure(config(gateway, proxy.port));
			}
			const processes = Array.from({ length: PROCESSES }, (_, n) => hosts[n % HOSTS] as Host);
			const outcomes = await Promise.all(processes.map((host) => host.run(["get", "alice", "plain"])));
			expect(outcomes.filter(({ code, stderr }) => code !== 0 || stderr !== "")).toEqual([]);
			expect(new Set(outcomes.map(({ stdout }) => stdout)).size).toBe(1);
			const trocla = await opened(server.port);
			expect(`${await trocla.peek("alice", "plain")}\n`).toBe(outcomes[0]?.stdout);
		});

		/** Records what 4 processes see while `disturb` does what it does, and expects that it has an order. */
		async function hasAnOrder(port: number, disturb: (recording: Recording) => Promise<void>, options = {}) {
			const sandbox = new Sandbox();
			sandbox.configure(config("127.0.0.1", port, options));
			const names = ["a", "b", "c"].map((key) => `${key}${++keys}`);
			const settings = { sandbox, config: sandbox.path("troclarc.yaml"), keys: names, processes: 4, rest: 15 };
			const recording = new Recording(settings);
			await disturb(recording);
			expect(unexplained(await recording.end())).toEqual([]);
			return recording;
		}

		/** Waits until so many more calls have ended. */
		async function more(recording: Recording, calls: number): Promise<void> {
			const ended = recording.ended;
			await expect.poll(() => recording.ended, { timeout: 30_000, interval: 10 }).toBeGreaterThan(ended + calls);
		}

		test("what processes see of it has an order", async () => {
			const recording = await hasAnOrder(server.port, (recording) => more(recording, 600));
			expect(recording.complaints).toEqual([]);
		});

		test("what processes see of it has an order, also where some are killed", async () => {
			await hasAnOrder(server.port, async (recording) => {
				for (let kills = 0; kills < 4; kills++) {
					await more(recording, 60);
					await recording.kill();
				}
			});
		});

		test("what processes see of it has an order, also where the server is killed and started again", async () => {
			await hasAnOrder(server.port, async (recording) => {
				for (let kills = 0; kills < 3; kills++) {
					await more(recording, 100);
					await wait(Math.random() * 20);
					await server.kill();
					await wait(100);
					await server.again();
				}
				await more(recording, 100);
			});
		});

		test("what processes see of it has an order, also where requests and answers are lost", async () => {
			const proxy = await proxied();
			const disturb = async (recording: Recording) => {
				for (let faults = 0; faults < 40; faults++) {
					proxy.meet(FAULTS[faults % 8 === 7 ? 2 : faults % 2] ?? "through");
					await more(recording, 8);
				}
			};
			await hasAnOrder(proxy.port, disturb, { seconds: SECONDS });
		});

		test.each(FAULTS)(
			"a call in which it comes to %s gives what is stored, or says that it is not known",
			async (fate) => {
				const proxy = await proxied();
				const direct = await opened(server.port);
				const trocla = await opened(proxy.port, { seconds: SECONDS });
				await trocla.get(`warm${++keys}`, "plain");
				const calls: readonly ((key: string) => Promise<string | undefined>)[] = [
					(key) => trocla.get(key, "plain"),
					(key) => trocla.reset(key, "plain"),
					(key) => trocla.set(key, "plain", `set-${key}`),
				];
				for (const call of calls) {
					for (let piece = 0; ; piece++) {
						const key = `cut${++keys}`;
						const before = call === calls[0] ? undefined : await direct.get(key, "plain");
						proxy.meet(...Array.from({ length: piece }, () => "through" as const), fate);
						const sent = proxy.pieces;
						const value = await call(key).catch((error: unknown) => error);
						const met = proxy.pieces - sent > piece;
						proxy.meet();
						const stored = await direct.peek(key, "plain");
						if (typeof value === "string") expect(stored).toBe(value);
						else {
							expect(value).toBeInstanceOf(TroclaError);
							if (stored === undefined) expect(before).toBeUndefined();
						}
						if (!met) break;
					}
				}
			},
		);

		test.each(FAULTS)(
			"a password of whose hand-out %s is stored or was delivered, and not both for others",
			async (fate) => {
				const proxy = await proxied();
				const direct = await opened(server.port);
				const trocla = await opened(proxy.port, { seconds: SECONDS });
				await trocla.get(`warm${++keys}`, "plain");
				for (let piece = 0; ; piece++) {
					const key = `out${++keys}`;
					const password = await direct.get(key, "plain");
					await direct.get(key, "mysql");
					proxy.meet(...Array.from({ length: piece }, () => "through" as const), fate);
					const sent = proxy.pieces;
					const delivered: (string | undefined)[] = [];
					const error = await trocla
						.handOut(key, ({ plain }) => void delivered.push(plain))
						.catch((error: TroclaError) => error);
					const met = proxy.pieces - sent > piece;
					proxy.meet();
					const formats = await direct.formats(key);
					if (delivered.length > 0) expect(delivered).toEqual([password]);
					if (delivered.length === 0 || error) {
						// It may be claimed, so that nobody gets it unasked.
						if (formats.includes("plain")) {
							const again = await direct.peek(key, "plain").catch(({ code }: TroclaError) => ({ code }));
							if (delivered.length > 0) expect(again).toEqual({ code: "claimed" });
							else expect([password, { code: "claimed" }]).toContainEqual(again);
						} else expect(delivered).toEqual([password]);
					} else expect(formats).toEqual(["mysql"]);
					if (!met) break;
				}
			},
		);
	});
}
