import { linkSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { openRecords } from "../../../src/open.js";
import { type MigrateSettings, migrate, refuseTarget } from "../../../src/transfer/migrate.js";
import { Records, recordText } from "../../support/transfer.js";
import { User } from "../../support/user.js";

async function migrated(source: Records, target: Records, settings: Partial<MigrateSettings> = {}) {
	const left: string[][] = [];
	const complete: MigrateSettings = {
		overwrite: false,
		now: () => new Date(),
		seen: () => {},
		left: (...what) => left.push(what),
		...settings,
	};
	const counts = await migrate(source.store, target.store, complete);
	return { ...counts, left };
}

const many = (count: number, value = "x") =>
	Array.from({ length: count }, (_, n) => [`key${String(n).padStart(4, "0")}`, recordText(`${value}${n}`)] as const);

test("every record is copied as it is, and the source stays as it was", async () => {
	const source = await Records.with(many(1234));
	const target = new Records();
	const before = await source.texts();
	const steps: unknown[][] = [];
	const outcome = await migrated(source, target, { seen: (...step) => steps.push(step) });
	expect(outcome).toEqual({ copied: 1234, same: 0, expired: 0, again: 0, differ: 0, onlyInTarget: 0, left: [] });
	expect(await target.texts()).toEqual(before);
	expect(await source.texts()).toEqual(before);
	expect(steps).toContainEqual(["copied", 1234, 1234]);
	expect(steps.at(-1)).toEqual(["compared", 1234, 1234]);
});

test("a second run copies nothing", async () => {
	const source = await Records.with(many(10));
	const target = new Records();
	await migrated(source, target);
	expect(await migrated(source, target)).toMatchObject({ copied: 0, same: 10, differ: 0 });
});

test("what differs in the target is left and listed, or replaced where that is asked for", async () => {
	const source = await Records.with([
		["a", recordText("1")],
		["b", recordText("2")],
		["c", recordText("3")],
	]);
	const target = await Records.with([
		["b", recordText("other")],
		["c", "{"],
		["d", recordText("mine")],
	]);
	expect(await migrated(source, target)).toMatchObject({
		copied: 1,
		differ: 2,
		onlyInTarget: 1,
		left: [
			["b", "different"],
			["c", "damaged"],
			["d", "only-in-target"],
		],
	});
	expect(Object.fromEntries(await target.texts())).toMatchObject({ b: recordText("other"), c: "{" });
	expect(await migrated(source, target, { overwrite: true })).toMatchObject({ copied: 2, same: 1, differ: 0 });
	expect(await target.texts()).toEqual([...(await source.texts()), ["d", recordText("mine")]]);
});

test("what can't be read in the source is named, and the rest is copied", async () => {
	const source = await Records.with([
		["a", "{"],
		["b", recordText("2")],
	]);
	const target = new Records();
	expect(await migrated(source, target)).toMatchObject({ copied: 1, differ: 1, left: [["a", "unreadable"]] });
	expect(await target.texts()).toEqual([["b", recordText("2")]]);
});

test("a record without any format, which reads as absent, is not copied and does not count as differing", async () => {
	const source = await Records.with([["a", '{"v":1,"formats":{}}']]);
	const target = new Records();
	expect(await migrated(source, target)).toMatchObject({ copied: 0, differ: 0, left: [] });
	expect(await target.texts()).toEqual([]);
});

test("what has expired is left out", async () => {
	const source = await Records.with([["a", recordText("1", { expires: { seconds: 1, at: "2020-01-01T00:00:00Z" } })]]);
	const target = new Records();
	expect(await migrated(source, target)).toMatchObject({ copied: 0, expired: 1, differ: 0 });
	expect(await target.texts()).toEqual([]);
});

test("what the source changes, adds or hands out meanwhile is found and copied", async () => {
	const source = await Records.with(many(600));
	const target = new Records();
	let changed = false;
	const outcome = await migrated(source, target, {
		seen: (step, done) => {
			if (changed || step !== "copied" || done < 600) return;
			changed = true;
			source.put("key0000", recordText("new password"));
			source.put("key9999", recordText("new key"));
			source.put("key0001", recordText("deleted").replace("plain", "mysql"));
		},
	});
	expect(outcome).toMatchObject({ copied: 600, again: 3, differ: 0, left: [] });
	expect(await target.texts()).toEqual(await source.texts());
});

test("what was another in the target before stays, also where the source changes or adds it meanwhile", async () => {
	const source = await Records.with([
		["a", recordText("1")],
		["b", recordText("1")],
	]);
	const target = await Records.with([
		["a", recordText("mine")],
		["added", recordText("mine")],
	]);
	let changed = false;
	const outcome = await migrated(source, target, {
		seen: () => {
			if (changed) return;
			changed = true;
			for (const key of ["a", "b", "added"]) source.put(key, recordText("2"));
		},
	});
	expect(outcome).toMatchObject({ copied: 1, again: 1, differ: 2 });
	expect(outcome.left).toEqual([
		["a", "different"],
		["added", "different"],
	]);
	expect(Object.fromEntries(await target.texts())).toEqual({
		a: recordText("mine"),
		added: recordText("mine"),
		b: recordText("2"),
	});
});

test("what the source deleted meanwhile is named", async () => {
	const source = await Records.with(many(2));
	const target = new Records();
	const outcome = await migrated(source, target, { seen: () => void source.put("key0001", undefined) });
	expect(outcome).toMatchObject({ copied: 2, differ: 0, onlyInTarget: 1, left: [["key0001", "only-in-target"]] });
});

test("a source that never rests is not waited for, and its restless keys are named", async () => {
	const source = await Records.with(many(3));
	let n = 0;
	const outcome = await migrated(source, new Records(), {
		seen: () => void source.put("key0002", recordText(`restless ${n++}`)),
	});
	expect(outcome).toMatchObject({ copied: 3, differ: 1, left: [["key0002", "changing"]] });
});

test("a store is not migrated into itself, by whatever name", async () => {
	const user = new User();
	const at = (path: string) => user.load(JSON.stringify({ store_options: { path } }));
	const path = user.sandbox.store;
	const source = await at(path);
	expect(() => refuseTarget(source, source)).toThrow(/is the one that is to be copied/);
	await (await openRecords(source, { warn: () => {}, create: true })).close();
	symlinkSync(path, user.sandbox.path("link"));
	linkSync(path, user.sandbox.path("hard-link"));
	for (const name of ["link", "hard-link", "store/../store/trocla.sqlite"]) {
		const target = await at(user.sandbox.path(name));
		expect(() => refuseTarget(source, target)).toThrow(/is the one that is to be copied/);
	}
	const other = await at(user.sandbox.path("other.sqlite"));
	expect(() => refuseTarget(source, other)).not.toThrow();
});

test("a store that keeps nothing is no target", async () => {
	const user = new User();
	const source = await user.load(JSON.stringify({ store_options: { path: user.sandbox.store } }));
	const target = await user.load("store: memory");
	expect(() => refuseTarget(source, target)).toThrow(/would keep nothing/);
});
