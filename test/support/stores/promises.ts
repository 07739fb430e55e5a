import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTrocla, type Trocla, TroclaError } from "../../../src/index.js";
import { CuttingProxy, DETOUR_MS, type Fate } from "../cutting-proxy.js";
import { unexplained } from "../histories/linearizable.js";
import { Recording } from "../histories/recording.js";
import { directoryHost, type Host, networkHost, noNetworks } from "../hosts.js";
import { cleanUp, Sandbox } from "../sandbox.js";
import type { StoreServer } from "./store-server.js";

const HOSTS = 4;
const PROCESSES = 64;
const without = noNetworks();
const where = without ? `in ${HOSTS} directories (${without})` : `on ${HOSTS} hosts`;

/** What befalls a history: mostly what is noticed at once. */
const LOSSES: readonly Fate[] = [...Array<Fate[]>(9).fill(["request-lost", "answer-lost"]).flat(), "silence"];
/** How long a call may take where something is lost without anybody noticing. */
const SECONDS = 2;

/** What every store on a server promises, whatever happens to it and on the way to it. */
export function keepsPromises(start: () => Promise<StoreServer>): void {
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

	describe("a store on a server", () => {
		test(`${PROCESSES} processes ${where} that make one new key, in a store that is not there yet, print one value`, async () => {
			const hosts = await Promise.all(
				Array.from({ length: HOSTS }, (_, n) => (without ? directoryHost() : networkHost(n))),
			);
			for (const { sandbox, gateway } of hosts) {
				const proxy = await proxied(gateway);
				// So many processes at once may keep each other from the processor for long.
				sandbox.configure(config(gateway, proxy.port, { seconds: 60 }));
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
			expect(unexplained(await recording.end(), { answersGetLost: true })).toEqual([]);
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
				for (let faults = 0; faults < 38; faults++) {
					proxy.meet(LOSSES[faults % LOSSES.length] ?? "through");
					await more(recording, 8);
				}
			};
			await hasAnOrder(proxy.port, disturb, { seconds: SECONDS });
		});

		/** Makes a call on a new key over connections that are cut, and gives what must be so from then on. */
		type Way = (trocla: Trocla, key: string, direct: Trocla, fate: Fate) => Promise<() => Promise<void>>;

		/**
		 * Makes a call again and again, each time with the fate for another piece of what is sent, until it sends no more.
		 *
		 * @returns how many pieces met it
		 */
		async function sweep(fate: Fate, call: Way): Promise<number> {
			const proxy = await proxied();
			const direct = await opened(server.port);
			const trocla = await opened(proxy.port, { seconds: SECONDS });
			await trocla.get(`warm${++keys}`, "plain");
			const checks: (() => Promise<void>)[] = [];
			for (let piece = 0; ; piece++) {
				proxy.meet(...Array<Fate>(piece).fill("through"), fate);
				const last = proxy.pieces + piece;
				const check = await call(trocla, `cut${++keys}`, direct, fate).catch((error: unknown) => {
					// To notice a silence takes all the time there is.
					if (fate !== "silence" || !(error instanceof TroclaError)) throw error;
					expect(error).toMatchObject({ code: "store" });
				});
				if (check) checks.push(check);
				await check?.();
				if (proxy.pieces > last) continue;
				await wait(2 * DETOUR_MS);
				for (const check of checks) await check();
				return piece;
			}
		}

		/** What is not done twice fails where its request was lost, or is under way for longer than anybody looks. */
		async function orLost<Answer>(fate: Fate, call: Promise<Answer>): Promise<Answer | "lost"> {
			return await call.catch((error: unknown) => {
				if (!(error instanceof TroclaError) || !error.message.endsWith("but may still arrive")) throw error;
				expect(fate).not.toBe("answer-lost");
				return "lost";
			});
		}

		const ways: { readonly [what: string]: Way } = {
			async "a new key"(trocla, key, direct) {
				const value = await trocla.get(key, "plain");
				return async () => expect(await direct.peek(key, "plain")).toBe(value);
			},
			async "a reset"(trocla, key, direct, fate) {
				const old = await direct.get(key, "plain");
				const value = await orLost(fate, trocla.reset(key, "plain"));
				expect(value).not.toBe(old);
				return async () => {
					const stored = await direct.peek(key, "plain");
					if (value !== "lost") expect(stored).toBe(value);
					else if (fate === "request-lost") expect(stored).toBe(old);
				};
			},
			async "a password that is set"(trocla, key, direct, fate) {
				const old = await direct.get(key, "mysql");
				const isLost = (await orLost(fate, trocla.set(key, "plain", `set-${key}`))) === "lost";
				return async () => {
					const stored = await direct.peek(key, "mysql");
					if (isLost && (fate === "request-lost" || stored !== undefined)) return expect(stored).toBe(old);
					expect(await direct.peek(key, "plain")).toBe(`set-${key}`);
					expect(await direct.formats(key)).toEqual(["plain"]);
				};
			},
			async "a delete"(trocla, key, direct, fate) {
				const value = await direct.get(key, "plain");
				const deleted = await orLost(fate, trocla.delete(key));
				if (deleted !== "lost") expect(deleted).toEqual({ plain: value });
				return async () => {
					const stored = await direct.peek(key, "plain");
					if (deleted !== "lost") expect(stored).toBeUndefined();
					else if (fate === "request-lost") expect(stored).toBe(value);
				};
			},
			async "a hand-out"(trocla, key, direct) {
				const password = await direct.get(key, "plain");
				await direct.get(key, "mysql");
				const delivered: (string | undefined)[] = [];
				await trocla.handOut(key, ({ plain }) => void delivered.push(plain));
				expect(delivered).toEqual([password]);
				return async () => expect(await direct.formats(key)).toEqual(["mysql"]);
			},
		};

		test.each<Fate>(["request-lost", "answer-lost", "overtaken", "silence"])(
			"whichever piece of a call meets %s, it is done once, and what it gives is stored",
			async (fate) => {
				// A silence takes its time each time.
				const called = Object.values(ways).slice(0, fate === "silence" ? 2 : undefined);
				const pieces = await Promise.all(called.map((call) => sweep(fate, call)));
				expect(Math.min(...pieces)).toBeGreaterThanOrEqual(2);
			},
		);
	});
}
