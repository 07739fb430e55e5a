import fc from "fast-check";
import { expect, test } from "vitest";
import { unexplained } from "./linearizable.js";
import { ABSENT, step } from "./model.js";
import type { Answer, Call, Operation } from "./operation.js";

const getPlain: Call = { do: "get", format: "plain" };
const getMysql: Call = { do: "get", format: "mysql" };
const resetPlain: Call = { do: "reset", format: "plain" };
const deletePlain: Call = { do: "delete", format: "plain" };
const value = (value?: string): Answer => ({ value: value ?? null });
const done: Answer = { done: "done" };

type Line = readonly [call: Call, answer: Answer, from: number, to?: number];

const history = (...lines: Line[]): Operation[] =>
	lines.map(([call, answer, from, to], id) => {
		return { id, key: "k", call, answer, from: BigInt(from), to: to === undefined ? undefined : BigInt(to) };
	});

const GOOD: { readonly [what: string]: Operation[] } = {
	"two at once that get one new value": history([getPlain, value("a"), 0, 9], [getPlain, value("a"), 1, 8]),
	"a hash, then the password that it is of": history([getMysql, value("a"), 0, 1], [getPlain, value("a"), 2, 3]),
	"a password that is read before and after a reset at the same time": history(
		[getPlain, value("a"), 0, 1],
		[resetPlain, value("b"), 2, 9],
		[getPlain, value("b"), 3, 4],
		[getPlain, value("b"), 5, 6],
	),
	"a set of unknown outcome that happens late": history(
		[getPlain, value("a"), 0, 1],
		[{ do: "set", plain: "b" }, "unknown", 2],
		[getPlain, value("a"), 3, 4],
		[getPlain, value("b"), 5, 6],
	),
	"a set of unknown outcome that never happens": history(
		[getPlain, value("a"), 0, 1],
		[{ do: "set", plain: "b" }, "unknown", 2],
		[getPlain, value("a"), 3, 4],
	),
	"a reset of unknown outcome, whose value others see": history(
		[getPlain, value("a"), 0, 1],
		[resetPlain, "unknown", 2],
		[getMysql, value("b"), 3, 4],
		[getPlain, value("b"), 5, 6],
	),
	"a hand-out, refused to others meanwhile, and its hash that stays": history(
		[getMysql, value("a"), 0, 1],
		[{ do: "claim" }, value("a"), 2, 3],
		[getPlain, { refused: "claimed" }, 4, 5],
		[{ do: "remove", claim: 1 }, done, 6, 7],
		[getPlain, { refused: "no_plaintext" }, 8, 9],
		[getMysql, value("a"), 10, 11],
	),
	"a hand-out that a reset overtakes": history(
		[getPlain, value("a"), 0, 1],
		[{ do: "claim" }, value("a"), 2, 3],
		[resetPlain, value("b"), 4, 5],
		[{ do: "remove", claim: 1 }, { done: "stale" }, 6, 7],
		[getPlain, value("b"), 8, 9],
	),
	"a delete of all that shows a password that nobody had seen": history(
		[{ do: "get", format: "ssha" }, value("s"), 0, 1],
		[getMysql, value("a"), 2, 3],
		[{ do: "delete", format: "all" }, { deleted: { plain: "a", mysql: "a", ssha: "s" } }, 4, 5],
		[getPlain, value("b"), 6, 7],
	),
};

const BAD: { readonly [what: string]: Operation[] } = {
	"two values of one new key": history([getPlain, value("a"), 0, 9], [getPlain, value("b"), 1, 8]),
	"a value that was reported, and is not stored": history([getPlain, value("a"), 0, 1], [getPlain, value("b"), 2, 3]),
	"an acknowledged set that is lost": history(
		[getPlain, value("a"), 0, 1],
		[{ do: "set", plain: "b" }, done, 2, 3],
		[getPlain, value("a"), 4, 5],
	),
	"an old value that is read after a reset ended": history(
		[getPlain, value("a"), 0, 1],
		[resetPlain, value("b"), 2, 3],
		[getPlain, value("a"), 4, 5],
	),
	"a new value that is read, and then the old one": history(
		[getPlain, value("a"), 0, 1],
		[resetPlain, value("b"), 2, 9],
		[getPlain, value("b"), 3, 4],
		[getPlain, value("a"), 5, 6],
	),
	"a deleted value that comes back as if it were new": history(
		[getPlain, value("a"), 0, 1],
		[deletePlain, { deleted: { plain: "a" } }, 2, 3],
		[getPlain, value("a"), 4, 5],
	),
	"a hash of another password": history([getPlain, value("a"), 0, 1], [getMysql, value("b"), 2, 3]),
	"a password that is handed out twice": history(
		[getMysql, value("a"), 0, 1],
		[{ do: "claim" }, value("a"), 2, 4],
		[{ do: "claim" }, value("a"), 3, 5],
	),
	"a password that is handed out again after it was removed": history(
		[getMysql, value("a"), 0, 1],
		[{ do: "claim" }, value("a"), 2, 3],
		[{ do: "remove", claim: 1 }, done, 4, 5],
		[{ do: "claim" }, value("a"), 6, 7],
	),
	"a new password for a key whose old one was handed out": history(
		[getMysql, value("a"), 0, 1],
		[{ do: "claim" }, value("a"), 2, 3],
		[{ do: "remove", claim: 1 }, done, 4, 5],
		[getPlain, value("b"), 6, 7],
	),
	"a set of unknown outcome that happened before it was asked for": history(
		[getPlain, value("b"), 0, 1],
		[{ do: "set", plain: "b" }, "unknown", 2],
	),
	"a set of unknown outcome that happens twice": history(
		[{ do: "set", plain: "b" }, "unknown", 0],
		[getPlain, value("b"), 1, 2],
		[{ do: "set", plain: "c" }, done, 3, 4],
		[getPlain, value("b"), 5, 6],
	),
};

test.each(Object.entries(GOOD))("explained by an order: %s", (_, operations) => {
	expect(unexplained(operations)).toEqual([]);
});

test.each(Object.entries(BAD))("explained by no order: %s", (_, operations) => {
	expect(unexplained(operations)).toHaveLength(1);
});

test("two deletes at once both say what they deleted only where answers get lost, and not one after the other", () => {
	const deleted: Answer = { deleted: { plain: "a" } };
	const made: Line = [getPlain, value("a"), 0, 1];
	const atOnce = history(made, [deletePlain, deleted, 2, 5], [deletePlain, deleted, 3, 6]);
	expect(unexplained(atOnce)).toHaveLength(1);
	expect(unexplained(atOnce, { answersGetLost: true })).toEqual([]);
	const inTurn = history(made, [deletePlain, deleted, 2, 3], [deletePlain, deleted, 4, 5]);
	expect(unexplained(inTurn, { answersGetLost: true })).toHaveLength(1);
	const other: Answer = { deleted: { plain: "b" } };
	const another = history(made, [deletePlain, deleted, 2, 5], [deletePlain, other, 3, 6]);
	expect(unexplained(another, { answersGetLost: true })).toHaveLength(1);
});

test("what one key is explained by is nothing to another", () => {
	const other = history([getPlain, value("b"), 0, 1]).map((operation) => ({ ...operation, key: "other", id: 9 }));
	const both = [...history([getPlain, value("a"), 0, 1], [getPlain, value("a"), 2, 3]), ...other];
	expect(unexplained(both)).toEqual([]);
	expect(unexplained(both.map((operation) => ({ ...operation, key: "k" })))).toHaveLength(1);
});

const calls = fc.constantFrom<Call["do"]>("get", "peek", "reset", "set", "delete", "claim", "remove", "unclaim");
const formats = fc.constantFrom("plain", "mysql", "ssha");

/** Plays calls one after the other on the model, with answers as a sound store gives them. */
function play(asked: readonly (readonly [Call["do"], "plain" | "mysql" | "ssha", number])[]): Operation[] {
	const operations: Operation[] = [];
	let state = ABSENT;
	for (const [what, format, slack] of asked) {
		const id = operations.length;
		const claim = operations.findLast(({ call }) => call.do === "claim")?.id ?? id;
		const call = { do: what, format, plain: `set-${id}`, claim } as Call;
		const fresh = what === "get" || what === "reset" ? `new-${id}` : undefined;
		const possible: Answer[] = [
			...[state[format], state.plain, fresh, undefined].map(value),
			{ deleted: { [format]: state[format] } },
			{ refused: "claimed" },
			{ refused: "no_plaintext" },
			{ refused: "not_found" },
			done,
			{ done: "stale" },
		];
		const from = BigInt(10 * id);
		const operation = { id, key: "k", call, from, to: from + BigInt(slack) };
		const isNew = (seen: string) => seen === fresh;
		for (const answer of possible) {
			const after = step(state, { ...operation, answer }, isNew);
			if (after === undefined) continue;
			operations.push({ ...operation, answer });
			state = after;
			break;
		}
	}
	return operations;
}

const plays = fc
	.array(fc.tuple(calls, formats, fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 60 })
	.map(play);

test("whatever the order was, it is found again in how the operations overlap", () => {
	fc.assert(
		fc.property(plays, (operations) => {
			expect(unexplained(operations)).toEqual([]);
		}),
	);
});

test("also where the outcomes of some are not known, whether they happened or not", () => {
	const lossy = fc.tuple(plays, fc.func(fc.integer({ min: 0, max: 5 })));
	fc.assert(
		fc.property(lossy, ([operations, chance]) => {
			const lost = operations.map((operation) =>
				chance(operation.id) === 0 ? { ...operation, answer: "unknown" as const, to: undefined } : operation,
			);
			expect(unexplained(lost)).toEqual([]);
		}),
	);
});

test("a value that nobody made is found in any history", () => {
	fc.assert(
		fc.property(plays, fc.nat(), (operations, n) => {
			const gets = operations.filter(
				({ call, answer }) => call.do === "peek" && answer !== "unknown" && "value" in answer,
			);
			fc.pre(gets.length > 0);
			const forged = gets[n % gets.length];
			const all = operations.map((operation) =>
				operation === forged ? { ...operation, answer: value("forged") } : operation,
			);
			const madeUnseen = all.some(({ call }) => (call.do === "get" || call.do === "reset") && call.format === "ssha");
			fc.pre(!madeUnseen);
			expect(unexplained(all)).toHaveLength(1);
		}),
	);
});
