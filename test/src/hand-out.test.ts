import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { expect, test } from "vitest";
import { parseRecord, printRecord } from "../../src/records/record.js";
import { all } from "../backends/conformance.js";
import { TestStore } from "../support/store.js";

/** A process that has ended. */
function deadProcess(): number {
	return spawnSync(process.execPath, ["--version"]).pid;
}

async function storeOfAlice(): Promise<TestStore> {
	const store = new TestStore();
	await store.trocla.set("alice", "plain", "one");
	await store.trocla.get("alice", "mysql");
	return store;
}

/** Leaves alice claimed, as a process does that dies while it hands out. */
async function claim(store: TestStore, pid: number, host = hostname(), format = "plain"): Promise<void> {
	const text = (await store.text("alice")) ?? "";
	const claimed = { ...parseRecord(text, "alice"), claim: { id: "x", format, host, pid, at: store.now } };
	await store.backend.swap("alice", text, printRecord(claimed));
}

test("a plaintext is delivered, then gone, and its hashes stay", async () => {
	const { trocla } = await storeOfAlice();
	const delivered: unknown[] = [];
	await trocla.handOut("alice", (values) => void delivered.push(values));
	expect(delivered).toEqual([{ plain: "one" }]);
	expect(await trocla.formats("alice")).toEqual(["mysql"]);
	await expect(trocla.handOut("alice", () => {})).rejects.toMatchObject({
		code: "not_found",
		message: '"alice" has no plain stored',
		hint: "See what it has with: trocla show alice",
	});
});

test("another format, or all, can be handed out too", async () => {
	const store = await storeOfAlice();
	const delivered: string[][] = [];
	const deliver = (values: object) => void delivered.push(Object.keys(values));
	await store.trocla.handOut("alice", deliver, { format: "mysql" });
	expect(await store.trocla.formats("alice")).toEqual(["plain"]);
	await store.trocla.get("alice", "sha1");
	await store.trocla.handOut("alice", deliver, { format: "all" });
	expect(delivered).toEqual([["mysql"], ["plain", "sha1"]]);
	expect(await store.text("alice")).toBeUndefined();
});

test.each([new Error("the pipe is closed"), "the pipe is closed"])(
	"what could not be delivered is still stored, and not claimed: %s",
	async (thrown) => {
		const store = await storeOfAlice();
		const before = await store.text("alice");
		const deliver = async () => {
			throw thrown;
		};
		await expect(store.trocla.handOut("alice", deliver)).rejects.toMatchObject({
			code: "undelivered",
			message: '"alice" could not be handed out: the pipe is closed',
			cause: thrown,
		});
		expect(await store.text("alice")).toBe(before);
		expect(await store.trocla.get("alice", "plain")).toBe("one");
	},
);

test.each(["one", 'o"ne', "o/ne"])(
	"a secret that the error of a delivery quotes is not told on: %s",
	async (secret) => {
		const store = new TestStore();
		await store.trocla.set("alice", "plain", secret);
		for (const quoted of [secret, JSON.stringify({ secret }), encodeURIComponent(secret)]) {
			const thrown = new Error(`400 for ${quoted}`);
			const deliver = () => {
				throw thrown;
			};
			await expect(store.trocla.handOut("alice", deliver)).rejects.toMatchObject({
				code: "undelivered",
				message: '"alice" could not be handed out',
				cause: thrown,
			});
		}
	},
);

test("of eight at once exactly one delivers", async () => {
	const store = await storeOfAlice();
	const delivered: string[] = [];
	const outcomes = await Promise.allSettled(
		Array.from({ length: 8 }, (_, n) =>
			store.another().handOut("alice", async ({ plain = "" }) => {
				await new Promise((resolve) => setImmediate(resolve));
				delivered.push(`${n} ${plain}`);
			}),
		),
	);
	expect(delivered).toEqual([expect.stringMatching(/^\d one$/)]);
	expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
	for (const outcome of outcomes) {
		if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ name: "TroclaError" });
	}
	expect(await store.trocla.formats("alice")).toEqual(["mysql"]);
});

test("while it is handed out a plaintext is given to nobody else, and the hashes to everybody", async () => {
	const { trocla } = await storeOfAlice();
	await trocla.handOut("alice", async () => {
		const refused = { code: "claimed", message: expect.stringContaining(`process ${process.pid} on ${hostname()}`) };
		await expect(trocla.get("alice", "plain")).rejects.toMatchObject(refused);
		await expect(trocla.peek("alice", "plain")).rejects.toMatchObject(refused);
		await expect(trocla.delete("alice", "plain")).rejects.toMatchObject(refused);
		await expect(trocla.handOut("alice", () => {})).rejects.toMatchObject(refused);
		expect(await trocla.get("alice", "mysql")).toMatch(/^\*/);
		expect(await trocla.get("alice", "sha1")).toMatch(/^{SHA}/);
		expect(await trocla.show("alice")).toMatchObject({ claim: { pid: process.pid } });
	});
	expect(await trocla.formats("alice")).toEqual(["mysql", "sha1"]);
});

test("a claim of a process that died is refused by what it says, and force goes over it", async () => {
	const store = await storeOfAlice();
	await claim(store, deadProcess());
	const calls = [store.trocla.get("alice", "plain"), store.trocla.handOut("alice", () => {})];
	await Promise.all(
		calls.map((call) =>
			expect(call).rejects.toMatchObject({
				code: "claimed",
				message: expect.stringContaining("which died: someone may have seen it"),
				hint: "If nobody got it: trocla delete --force alice plain. Otherwise: trocla reset alice plain",
			}),
		),
	);
	const delivered: unknown[] = [];
	await store.trocla.handOut("alice", (values) => void delivered.push(values), { force: true });
	expect(delivered).toEqual([{ plain: "one" }]);
	expect(await store.trocla.show("alice")).not.toHaveProperty("claim");
});

test("a claim of another host, or of a process that runs, is not called dead", async () => {
	const store = await storeOfAlice();
	await claim(store, deadProcess(), "elsewhere.example");
	await expect(store.trocla.get("alice", "plain")).rejects.toThrow("is being handed out by");
	await store.trocla.reset("alice", "plain");
	await claim(store, process.ppid);
	await expect(store.trocla.get("alice", "plain")).rejects.toThrow("is being handed out by");
});

test("a reset, or a new plaintext, ends a claim", async () => {
	const store = await storeOfAlice();
	await claim(store, deadProcess());
	const plain = await store.trocla.reset("alice", "plain");
	expect(await store.trocla.get("alice", "plain")).toBe(plain);
	await claim(store, deadProcess());
	await store.trocla.set("alice", "plain", "two");
	expect(await store.trocla.get("alice", "plain")).toBe("two");
});

test("a plaintext that is changed while the old one is handed out stays, with a warning", async () => {
	const store = await storeOfAlice();
	await store.trocla.handOut("alice", async () => {
		await store.another().set("alice", "plain", "two");
	});
	expect(store.warnings).toEqual([expect.stringContaining('"alice" was changed while it was handed out')]);
	expect(await store.trocla.get("alice", "plain")).toBe("two");
});

test.each([
	["plain", "plain"],
	["plain", "all"],
	["mysql", "mysql"],
])("a %s that is set again while %s is handed out stays, as its caller was told", async (format, handedOut) => {
	const store = await storeOfAlice();
	const deliver = async () => void (await store.another().set("alice", format, "one"));
	await store.trocla.handOut("alice", deliver, { format: handedOut });
	expect(store.warnings).toEqual([expect.stringContaining('"alice" was changed while it was handed out')]);
	expect(await store.trocla.verify("alice", "one", format)).toBe(format);
	expect(await store.trocla.show("alice")).not.toHaveProperty("claim");
});

test("a hash that is made anew while all is handed out stays, since nobody got it", async () => {
	const store = await storeOfAlice();
	await store.trocla.get("alice", "ssha");
	let fresh: string | undefined;
	const deliver = async () => {
		fresh = await store.another().reset("alice", "ssha");
	};
	await store.trocla.handOut("alice", deliver, { format: "all" });
	expect(await store.trocla.formats("alice")).toEqual(["ssha"]);
	expect(await store.trocla.peek("alice", "ssha")).toBe(fresh);
});

test("force does not go over a process that lives, in this one or another", async () => {
	const store = await storeOfAlice();
	const force = { force: true };
	const refusedBy = async (pid: number, hint: string) => {
		const refused = { code: "claimed", message: expect.stringContaining(`by process ${pid} `), hint };
		await expect(store.another().handOut("alice", () => {}, force)).rejects.toMatchObject(refused);
		await expect(store.another().delete("alice", undefined, force)).rejects.toMatchObject(refused);
		await expect(store.another().get("alice", "plain")).rejects.toMatchObject(refused);
	};
	// Nobody is told to end a daemon.
	await store.trocla.handOut("alice", async () => await refusedBy(process.pid, "Wait until that is done"));
	await store.trocla.set("alice", "plain", "two");
	await claim(store, process.ppid);
	await refusedBy(process.ppid, `Wait for it, or end process ${process.ppid}`);
});

test("force goes over a claim of a process that had this one's pid, as they have in containers", async () => {
	const store = await storeOfAlice();
	await claim(store, process.pid);
	await expect(store.trocla.get("alice", "plain")).rejects.toThrow("which died");
	expect(await store.trocla.delete("alice", "plain", { force: true })).toEqual({ plain: "one" });
});

test("a claim of a hash does not keep the plaintext from anybody, and says that it is the hash's", async () => {
	const store = await storeOfAlice();
	await claim(store, deadProcess(), hostname(), "mysql");
	expect(await store.trocla.get("alice", "plain")).toBe("one");
	expect(await store.trocla.peek("alice", "plain")).toBe("one");
	await expect(store.trocla.handOut("alice", () => {}, { format: "mysql" })).rejects.toMatchObject({
		message: expect.stringMatching(/^the mysql of "alice" was being handed out/),
		hint: "If nobody got it: trocla delete --force alice mysql",
	});
	expect(await store.trocla.delete("alice", "mysql", { force: true })).toHaveProperty("mysql");
	expect(await store.trocla.get("alice", "plain")).toBe("one");
});

test("a claim of all, or one that does not say of what, is of the plaintext too", async () => {
	for (const format of ["all", undefined]) {
		const store = await storeOfAlice();
		await claim(store, deadProcess(), hostname(), format ?? "all");
		const text = (await store.text("alice")) ?? "";
		if (!format) await store.backend.swap("alice", text, text.replace('"format":"all",', ""));
		await expect(store.trocla.get("alice", "plain")).rejects.toMatchObject({
			code: "claimed",
			hint: "If nobody got it: trocla delete --force alice. Otherwise: trocla reset alice plain",
		});
	}
});

test("what is done to a hash, by force too, leaves the plaintext claimed", async () => {
	const store = await storeOfAlice();
	await claim(store, deadProcess());
	const force = { force: true };
	await expect(store.trocla.handOut("alice", () => {}, { format: "mysql", ...force })).rejects.toMatchObject({
		code: "claimed",
		hint: expect.stringContaining("delete --force alice plain"),
	});
	expect(await store.trocla.delete("alice", "mysql")).toHaveProperty("mysql");
	await expect(store.trocla.get("alice", "plain")).rejects.toMatchObject({ code: "claimed" });
});

test("a claim is a fault once nobody is known to end it", async () => {
	const store = await storeOfAlice();
	const faults = () => all(store.trocla.faults());
	await store.trocla.handOut("alice", async () => expect(await faults()).toEqual([]), { format: "mysql" });
	await claim(store, process.ppid);
	expect(await faults()).toEqual([]);
	await claim(store, 1, "elsewhere.example");
	expect(await faults()).toEqual([]);
	store.pass(3601);
	expect(await faults()).toHaveLength(1);
	await claim(store, deadProcess());
	expect(await faults()).toEqual([
		{ message: expect.stringContaining("which died"), hint: expect.stringContaining("--force") },
	]);
});

test("a hand-out that the store fails in says what became of it, and how to end it", async () => {
	const store = await storeOfAlice();
	const { swap } = store.backend;
	const breakStore = () => {
		store.backend.swap = () => Promise.reject(new Error("the disk is gone"));
	};
	await expect(store.trocla.handOut("alice", breakStore)).rejects.toMatchObject({
		message: '"alice" was handed out, but is still stored: the disk is gone',
		hint: "Mend that, then remove it with: trocla delete --force alice plain",
	});
	store.backend.swap = swap;
	const breakBoth = () => {
		breakStore();
		throw new Error("no paper");
	};
	await expect(store.trocla.handOut("alice", breakBoth, { format: "all", force: true })).rejects.toMatchObject({
		code: "undelivered",
		message: '"alice" could not be handed out: no paper; nor could its claim be undone: the disk is gone',
		hint: "Nothing was removed: mend that and run trocla delete --force alice",
	});
	store.backend.swap = swap;
	await store.trocla.handOut("alice", () => {}, { force: true });
	expect(await store.trocla.formats("alice")).toEqual(["mysql"]);
});

test("the hand-out of a hash does not say that the plaintext was", async () => {
	const { trocla } = await storeOfAlice();
	await trocla.handOut("alice", () => {}, { format: "mysql" });
	expect(await trocla.show("alice")).not.toHaveProperty("handedOut");
});

test("a claim that is stored later than the store had said is its own, and no other's", async () => {
	const store = await storeOfAlice();
	const { swap } = store.backend;
	let late = true;
	store.backend.swap = async (key, before, after) => {
		const done = await swap(key, before, after);
		if (!late) return done;
		late = false;
		return false;
	};
	const delivered: unknown[] = [];
	await store.trocla.handOut("alice", (values) => void delivered.push(values));
	expect(delivered).toEqual([{ plain: "one" }]);
	expect(await store.trocla.formats("alice")).toEqual(["mysql"]);
});
