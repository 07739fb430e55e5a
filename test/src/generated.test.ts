import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { expect, test } from "vitest";
import { type Format, FormatError } from "../../formats/format.js";
import { Formats } from "../../formats/index.js";
import { oneOf, text, wholeNumber } from "../../formats/schema.js";
import { changesNothing, TestStore } from "../support/store.js";

const options = v.strictObject({
	colour: v.optional(oneOf(["red", "blue"]), "red"),
	days: v.optional(wholeNumber(1, 1000), 10),
	pin: v.optional(text()),
	number: v.optional(wholeNumber(1, 1000)),
});

const DAY_MS = 86_400_000;

/** A ticket is `COLOUR ID END PIN`; the parts of it are each a word. */
const ticket: Format<typeof options> = {
	options,
	secretOptions: ["pin"],
	onceOptions: ["number"],
	async derive(plain) {
		if (plain.split(" ").length !== 4) throw new FormatError("is four words");
		return plain;
	},
	async generate({ colour, days, pin = "none" }, { now }) {
		return `${colour} ${randomUUID()} ${new Date(now().getTime() + days * DAY_MS).toISOString()} ${pin}`;
	},
	render: {
		colour: (value) => value.split(" ")[0] ?? "",
		broken: () => {
			throw new FormatError("is broken");
		},
	},
	lifetime: {
		end: async (value) => (value === "garbage" ? undefined : new Date(value.split(" ")[2] ?? "")),
		renew: async (value, { days }, { now }) =>
			value.replace(/\S+Z/, new Date(now().getTime() + days * DAY_MS).toISOString()),
	},
};

const store = () => new TestStore({ formats: new Formats({ ticket }) });

test("a format that comes from no plaintext stores none, and needs none where it was handed out", async () => {
	const { trocla } = store();
	await trocla.get("alice", "ticket");
	expect(await trocla.formats("alice")).toEqual(["ticket"]);
	const hash = await trocla.get("bob", "sha1");
	await trocla.delete("bob", "plain");
	await trocla.get("bob", "ticket");
	expect(await trocla.formats("bob")).toEqual(["sha1", "ticket"]);
	expect(await trocla.get("bob", "sha1")).toBe(hash);
});

test("a key that only has such a format gets a plaintext when one is asked for", async () => {
	const { trocla } = store();
	const value = await trocla.get("alice", "ticket");
	expect(await trocla.get("alice", "sha1")).toMatch(/^\{SHA\}/);
	expect(await trocla.formats("alice")).toEqual(["ticket", "plain", "sha1"]);
	expect(await trocla.get("alice", "ticket")).toBe(value);
});

test("a new plaintext, reset or set, drops its hashes and leaves what does not come from it", async () => {
	const { trocla } = store();
	await trocla.get("alice", "sha1");
	const value = await trocla.get("alice", "ticket");
	await trocla.reset("alice", "plain");
	expect(await trocla.formats("alice")).toEqual(["ticket", "plain"]);
	await trocla.get("alice", "sha1");
	await trocla.set("alice", "plain", "another");
	expect((await trocla.formats("alice")).sort()).toEqual(["plain", "ticket"]);
	await trocla.set("alice", "plain", "another");
	expect(await trocla.get("alice", "ticket")).toBe(value);
});

test("a reset makes another one, with what was asked for the first time", async () => {
	const { trocla } = store();
	const first = await trocla.get("alice", "ticket", { colour: "blue" });
	const second = await trocla.reset("alice", "ticket");
	expect(second).toMatch(/^blue /);
	expect(second).not.toBe(first);
});

test("a profile that a reset or a renewal names goes over what was asked for, and leaves the rest", async () => {
	const { trocla } = new TestStore({
		formats: new Formats({ ticket }),
		profiles: { long: { days: 30 }, secret: { pin: "hunter2" } },
	});
	const options = async () => (await trocla.show("alice"))?.formats.ticket?.options;
	await trocla.get("alice", "ticket", { colour: "blue", days: 5 });
	await trocla.reset("alice", "ticket", { profiles: "long" });
	expect(await options()).toEqual({ colour: "blue", days: 30 });
	await trocla.get("alice", "ticket", { profiles: "long", ticket: { days: 40 } }, { renewBefore: 31 * 86_400 });
	expect(await options()).toEqual({ colour: "blue", days: 40 });
	await trocla.reset("alice", "ticket", { profiles: "secret" });
	expect(await trocla.reset("alice", "ticket", { profiles: "secret" })).toMatch(/^blue .* hunter2$/);
	await expect(trocla.reset("alice", "ticket", { profiles: "long" })).rejects.toThrow("made with a pin");
});

test("a reset does not ask again for what is good for one value only", async () => {
	const { trocla } = store();
	const options = async () => (await trocla.show("alice"))?.formats.ticket?.options;
	await trocla.get("alice", "ticket", { colour: "blue", number: 7 });
	expect(await options()).toMatchObject({ number: 7 });
	await trocla.reset("alice", "ticket");
	expect(await options()).toEqual({ colour: "blue", days: 10 });
});

test("setting one takes in what was made elsewhere, and refuses what is none", async () => {
	const store_ = store();
	const { trocla } = store_;
	const mine = "green id 2030-01-01T00:00:00.000Z none";
	await trocla.get("alice", "plain");
	expect(await trocla.set("alice", "ticket", mine)).toBe(mine);
	expect(await trocla.get("alice", "ticket")).toBe(mine);
	await changesNothing(store_, "alice", () =>
		expect(trocla.set("alice", "ticket", "nonsense")).rejects.toThrow('ticket of "alice": ticket is four words'),
	);
	expect(store_.warnings).toEqual([]);
});

test("what was made elsewhere is stored with the options that were asked for, and no defaults", async () => {
	const store_ = store();
	const { trocla } = store_;
	await trocla.set("alice", "ticket", "green id 2030-01-01T00:00:00.000Z none");
	expect((await trocla.show("alice"))?.formats.ticket?.options).toBeUndefined();
	await trocla.get("alice", "ticket", { days: 20 });
	expect(store_.warnings).toEqual([]);
	await trocla.set("bob", "ticket", "green id 2030-01-01T00:00:00.000Z none", { days: 20, pin: "hunter2" });
	expect((await trocla.show("bob"))?.formats.ticket?.options).toEqual({ days: 20, pin: "(not kept)" });
	const site = store_.another({ formats: new Formats({ ticket }), options: { days: 40, pin: "hunter2" } });
	await site.set("carol", "ticket", "green id 2030-01-01T00:00:00.000Z none");
	expect((await site.show("carol"))?.formats.ticket?.options).toEqual({ pin: "(not kept)" });
});

test("it is no password, so none is verified against it", async () => {
	const { trocla } = store();
	await trocla.get("alice", "ticket");
	await expect(trocla.verify("alice", "x")).rejects.toMatchObject({ code: "not_found" });
	await expect(trocla.verify("alice", "x", "ticket")).rejects.toThrow("ticket can't be verified against a password");
	await trocla.set("alice", "plain", "secret");
	expect(await trocla.verify("alice", "secret")).toBe("plain");
});

test("a secret option is used, and neither stored, shown nor warned of", async () => {
	const store_ = store();
	const { trocla } = store_;
	expect(await trocla.get("alice", "ticket", { pin: "hunter2" })).toMatch(/ hunter2$/);
	await trocla.get("alice", "ticket", { pin: "hunter3" });
	await trocla.get("bob", "ticket");
	await trocla.get("bob", "ticket", { pin: "hunter4" });
	expect(await trocla.show("alice")).toMatchObject({ formats: { ticket: { options: { pin: "(not kept)" } } } });
	expect(store_.warnings).toHaveLength(1);
	expect(JSON.stringify(store_.warnings)).not.toMatch(/hunter/);
	const { value: _, ...stored } = JSON.parse((await store_.text("alice")) ?? "").formats.ticket;
	expect(JSON.stringify(stored)).not.toMatch(/hunter/);
	await expect(trocla.get("carol", "ticket", { pin: 12345 })).rejects.not.toThrow(/12345/);
});

test("a reset that would need a secret option asks for it", async () => {
	const store_ = store();
	const { trocla } = store_;
	await trocla.get("alice", "ticket", { pin: "hunter2", colour: "blue" });
	await changesNothing(store_, "alice", () =>
		expect(trocla.reset("alice", "ticket")).rejects.toMatchObject({
			code: "invalid",
			message: 'the ticket of "alice" was made with a pin, which is not kept',
		}),
	);
	expect(await trocla.reset("alice", "ticket", { pin: "hunter3" })).toMatch(/^blue .* hunter3$/);
});

test("render gives a part; the whole is stored", async () => {
	const { trocla } = store();
	expect(await trocla.get("alice", "ticket", { render: "colour", colour: "blue" })).toBe("blue");
	expect(await trocla.peek("alice", "ticket", { render: "colour" })).toBe("blue");
	expect(await trocla.reset("alice", "ticket", { render: { colour: true, broken: false } })).toBe("blue");
	expect(await trocla.get("alice", "ticket", { render: { colour: false } })).toMatch(/^blue \S+ \S+ none$/);
	expect(await trocla.peek("nobody", "ticket", { render: "colour" })).toBeUndefined();
});

test.each([
	["ticket", "color", 'ticket has no part "color" to render', /colour/],
	["sha1", "colour", 'sha1 has no part "colour" to render', /leave render out/],
	["ticket", { colour: true, broken: true }, "must be a part's name, or a map with one part that is true", undefined],
	["ticket", 5, "must be a part's name", undefined],
])("render of %s as %j is refused, and makes nothing", async (format, render, message, hint) => {
	const { trocla } = store();
	const refused = await trocla.get("alice", format, { render }).catch((error: unknown) => error);
	expect(refused).toMatchObject({ code: "invalid", message: expect.stringContaining(message) });
	if (hint) expect(refused).toMatchObject({ hint: expect.stringMatching(hint) });
	expect(await trocla.show("alice")).toBeUndefined();
});

test("a part that can't be taken out of a value is told with its key", async () => {
	const { trocla } = store();
	await expect(trocla.get("alice", "ticket", { render: "broken" })).rejects.toMatchObject({
		code: "unhashable",
		message: 'ticket of "alice": ticket is broken',
	});
});

test("options of a random plaintext mean nothing to it, which is told", async () => {
	const store_ = store();
	const { trocla } = store_;
	await trocla.get("alice", "plain", { length: 20 });
	await trocla.get("alice", "ticket", { length: 32, days: 5 });
	await trocla.get("alice", "ticket", { length: 32, days: 5 });
	expect(new Set(store_.warnings)).toEqual(new Set(["ticket has no option length, so it does nothing"]));
	await trocla.get("bob", "ticket", { random: false });
});

test("show tells when a value ends", async () => {
	const { trocla } = store();
	await trocla.get("alice", "ticket", { days: 3 });
	expect(await trocla.show("alice")).toMatchObject({ formats: { ticket: { ends: "2026-03-04T12:00:00.000Z" } } });
});

test("what ends within the time is renewed, once, with the options of the first time", async () => {
	const store_ = store();
	const { trocla } = store_;
	const renewBefore = 3 * 86_400;
	const first = await trocla.get("alice", "ticket", { days: 20, colour: "blue" }, { renewBefore });
	store_.pass(16 * 86_400);
	expect(await trocla.get("alice", "ticket", {}, { renewBefore })).toBe(first);
	store_.pass(2 * 86_400);
	expect(await trocla.get("alice", "ticket")).toBe(first);
	const renewed = await trocla.get("alice", "ticket", {}, { renewBefore });
	expect(renewed).toBe(first.replace("2026-03-21", "2026-04-08"));
	expect(store_.changes.at(-1)).toMatchObject({ action: "renew", formats: [{ format: "ticket", outcome: "stored" }] });
	expect(await trocla.get("alice", "ticket", {}, { renewBefore })).toBe(renewed);
	expect(await trocla.show("alice")).toMatchObject({ formats: { ticket: { options: { colour: "blue", days: 20 } } } });
	expect(store_.warnings).toEqual([]);
});

test("what would be due again at once is renewed only where that doubles the time left, with a warning", async () => {
	const store_ = store();
	const { trocla } = store_;
	const renewBefore = 30 * 86_400;
	const first = await trocla.get("alice", "ticket", { days: 4 });
	expect(await trocla.get("alice", "ticket", {}, { renewBefore })).toBe(first);
	expect(store_.warnings).toEqual([
		'the ticket of "alice" ends on 2026-03-05, and a new one ends on 2026-03-05: both before the time to renew it',
	]);
	store_.pass(86_400);
	expect(await trocla.get("alice", "ticket", {}, { renewBefore })).toBe(first);
	store_.pass(86_400);
	const second = await trocla.get("alice", "ticket", {}, { renewBefore });
	expect(second).toBe(first.replace("2026-03-05", "2026-03-07"));
	expect(await trocla.get("alice", "ticket", {}, { renewBefore })).toBe(second);
});

test("a format that does not end has nothing to renew, whether it is stored or not", async () => {
	const { trocla } = store();
	const renew = () => trocla.get("alice", "sha1", {}, { renewBefore: 60 });
	await expect(renew()).rejects.toMatchObject({ code: "invalid" });
	expect(await trocla.show("alice")).toBeUndefined();
	await trocla.get("alice", "sha1");
	await expect(renew()).rejects.toMatchObject({ code: "invalid" });
});

test("a value that does not say when it ends stays, with a warning", async () => {
	const store_ = store();
	await store_.trocla.set("alice", "ticket", "garbage", {}, { raw: true });
	expect(await store_.trocla.get("alice", "ticket", {}, { renewBefore: 60 })).toBe("garbage");
	expect(store_.warnings).toEqual(['the ticket of "alice" is never renewed: it does not say when it ends']);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
	"nothing is renewed before %s seconds",
	async (renewBefore) => {
		const { trocla } = store();
		await expect(trocla.get("alice", "ticket", {}, { renewBefore })).rejects.toMatchObject({ code: "invalid" });
		expect(await trocla.show("alice")).toBeUndefined();
	},
);
