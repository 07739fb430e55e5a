import { Decrypter, generateHybridIdentity, identityToRecipient, armor as typage } from "age-encryption";
import { expect, test } from "vitest";
import { TroclaError } from "../../../src/errors.js";
import { exported, keyPair, Records, recordText } from "../../support/transfer.js";

async function linesOf(bytes: Uint8Array, identity: string): Promise<unknown[]> {
	const decrypter = new Decrypter();
	decrypter.addIdentity(identity);
	const text = await decrypter.decrypt(bytes, "text");
	expect(text.endsWith("\n")).toBe(true);
	return text
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
}

test("an export is a header, a line for each key with its whole record, and an end that counts them", async () => {
	const { identity, recipient } = await keyPair();
	const claim = { id: "1", format: "plain", host: "a", pid: 1, at: "2026-03-01T12:00:00.000Z" };
	const marked = recordText("x\n", { handedOut: "2026-03-01T12:00:00.000Z", claim });
	const { store } = await Records.with([
		["b", marked],
		["a", recordText("secret")],
	]);
	const bytes = await exported(store, { lock: { recipients: [recipient] }, now: () => new Date(0) });
	expect(await linesOf(bytes, identity)).toEqual([
		{ kind: "trocla export", version: 1, time: "1970-01-01T00:00:00.000Z", trocla: "1.2.3" },
		{ key: "a", record: JSON.parse(recordText("secret")) },
		{ key: "b", record: JSON.parse(marked) },
		{ end: "trocla export", records: 2, unreadable: 0 },
	]);
});

test("each of several recipients can open it, and nobody reads it without", async () => {
	const [one, other] = [await keyPair(), await keyPair()];
	const { store } = await Records.with([["a", recordText("very secret")]]);
	const bytes = await exported(store, { lock: { recipients: [one.recipient, other.recipient] } });
	for (const { identity } of [one, other]) expect(await linesOf(bytes, identity)).toHaveLength(3);
	expect(bytes.includes("very secret")).toBe(false);
	await expect(linesOf(bytes, (await keyPair()).identity)).rejects.toThrow();
});

test("a post-quantum recipient can open it", async () => {
	const identity = await generateHybridIdentity();
	const { store } = await Records.with([["a", recordText("1")]]);
	const bytes = await exported(store, { lock: { recipients: [await identityToRecipient(identity)] } });
	expect(await linesOf(bytes, identity)).toHaveLength(3);
});

test("armor is the same file as text, as another implementation of age reads it", async () => {
	const { identity, recipient } = await keyPair();
	const long = Array.from({ length: 500 }, (_, n) => [`key${n}`, recordText("x".repeat(n))] as const);
	const { store } = await Records.with(long);
	const text = (await exported(store, { lock: { recipients: [recipient] }, asText: true })).toString();
	expect(Math.max(...text.split("\n").map((line) => line.length))).toBe(64);
	expect(await linesOf(typage.decode(text), identity)).toHaveLength(502);
});

test("a record that can't be read is named in its place, and the others are exported", async () => {
	const { identity, recipient } = await keyPair();
	const { store } = await Records.with([
		["a", recordText("1")],
		["b", "{"],
		["c", recordText("3")],
	]);
	const faults: string[] = [];
	const bytes = await exported(store, {
		lock: { recipients: [recipient] },
		unreadable: ({ message }) => faults.push(message),
	});
	expect(faults).toEqual(['the record of "b" is damaged: it is not JSON']);
	const [, ...lines] = await linesOf(bytes, identity);
	expect(lines).toMatchObject([
		{ key: "a" },
		{ key: "b", unreadable: faults[0] },
		{ key: "c" },
		{ end: "trocla export", records: 2, unreadable: 1 },
	]);
});

test("an expired record that is still stored is exported too", async () => {
	const { identity, recipient } = await keyPair();
	const expires = { seconds: 1, at: "2020-01-01T00:00:00.000Z" };
	const { store } = await Records.with([["a", recordText("1", { expires })]]);
	const bytes = await exported(store, { lock: { recipients: [recipient] } });
	expect(await linesOf(bytes, identity)).toMatchObject([{}, { key: "a", record: { expires } }, { records: 1 }]);
});

test.each([
	["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ", "is an SSH key, which can't be a recipient here"],
	["age1qqqq", "is not an age recipient that trocla knows"],
	["age1yubikey1q2w3", "is not an age recipient that trocla knows"],
	["", "is not an age recipient that trocla knows"],
	// The point of 32 zero bytes, with which no secret can be shared (RFC 7748, section 6.1).
	["age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z", "one of the recipients is no public key"],
])("%j as a recipient is refused", async (recipient, message) => {
	const { store } = await Records.with([]);
	const refused = expect(exported(store, { lock: { recipients: [recipient] } })).rejects;
	await refused.toMatchObject({ code: "invalid", message: expect.stringContaining(message) });
});

test("an identity as a recipient is refused without being shown", async () => {
	const { identity } = await keyPair();
	const { store } = await Records.with([]);
	const error = await exported(store, { lock: { recipients: [identity] } }).catch((error: unknown) => error);
	expect(error).toBeInstanceOf(TroclaError);
	expect(JSON.stringify([error, String(error)])).not.toContain(identity.slice(0, 30));
});

test.each([[{ recipients: [] }], [{ passphrase: "" }]])("%j locks nothing and is refused", async (lock) => {
	const { store } = await Records.with([]);
	await expect(exported(store, { lock })).rejects.toMatchObject({ code: "invalid" });
});
