import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mpint } from "../../../formats/sshkey/wire.js";
import { parseAccounts } from "../../../src/accounts/accounts.js";
import { parseKeys, printKeys } from "../../../src/accounts/authorized-keys.js";
import { describeFault } from "../../../src/accounts/faults.js";
import { blob, ecdsaPoint, ed25519Bytes, everyType, rsaBlob, SK_ED25519 } from "../../support/keys.js";

const key = blob("ssh-ed25519", ed25519Bytes());
const type = "ssh-ed25519";

/** The text of authorized_keys. */
function lines(keys: unknown): string {
	const { value, faults } = parseKeys(keys);
	expect(faults.map(describeFault)).toEqual([]);
	return printKeys(value ?? expect.unreachable());
}

/** What is wrong with alice's key. */
function faultsOf(entry: unknown): readonly string[] {
	return parseKeys({ alice: entry }).faults.map((fault) => describeFault(fault).replace("ibox::root_keys.alice", ""));
}

describe("root's keys", () => {
	it.each(everyType())("of the type $type ($shown) are taken, as a map and as a line", (given) => {
		expect(lines({ alice: { key: given.key } })).toBe(`${given.type} ${given.key} alice\n`);
		expect(lines({ alice: { type: given.type, key: `${given.key}\n` } })).toBe(`${given.type} ${given.key} alice\n`);
		expect(lines({ alice: `${given.type} ${given.key}` })).toBe(`${given.type} ${given.key} alice\n`);
		expect(lines({ alice: `${given.type} ${given.key} a@b c\n` })).toBe(`${given.type} ${given.key} a@b c\n`);
	});

	it("come out in the order of their names' bytes", () => {
		const named = (name: string) => ({ [name]: { type, key: blob(type, ed25519Bytes()) } });
		const names = ["b", "a", "Z", "é", "\u{10000}", "\uffee", "10", "9"];
		const printed = lines(Object.assign({}, ...names.map(named)));
		const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
		expect(printed.split("\n").map((line) => line.split(" ")[2] ?? "")).toEqual([...sorted, ""]);
	});

	it("are as many as the levels of the data give: none leaves an empty file", () => {
		expect(lines(undefined)).toBe("");
		expect(lines({})).toBe("");
		expect(lines({ alice: { ensure: "absent" }, bob: { type, key, ensure: "absent" }, carol: "" })).toBe("");
	});

	it("that are the same are one line, under the first name, and a note says so", () => {
		const { value, notes } = parseKeys({ zoe: { type, key }, alice: `${type} ${key} other` }, "common.yaml");
		expect(printKeys(value ?? [])).toBe(`${type} ${key} other\n`);
		expect(notes.map(describeFault)).toEqual(['common.yaml: ibox::root_keys.zoe is the same key as "alice"']);
	});

	it("that are absent under one name and there under another are there, and a note says so", () => {
		const { value, notes } = parseKeys({ alice: { type, key }, zoe: { type, key, ensure: "absent" } });
		expect(value).toHaveLength(1);
		expect(notes.map(describeFault)).toEqual([
			'ibox::root_keys.zoe is absent, and the same key is still there as "alice"',
		]);
	});

	it("that are the same with other options are a fault", () => {
		const { faults } = parseKeys({ alice: { type, key }, bob: { type, key, options: ["restrict"] } });
		expect(faults.map(describeFault)).toEqual(['ibox::root_keys.bob is the same key as "alice", with other options']);
	});
});

describe("a key", () => {
	const point = ecdsaPoint("P-256");
	const offCurve = Buffer.from(point);
	offCurve[40] = (offCurve[40] ?? 0) ^ 1;
	const compressed = Buffer.concat([Buffer.from([2 + ((point.at(-1) ?? 0) & 1)]), point.subarray(1, 33)]);
	const padded = Buffer.concat([Buffer.from([4, 0]), point.subarray(1, 33), Buffer.alloc(1), point.subarray(33)]);
	const nistp256 = "ecdsa-sha2-nistp256";
	const e = Buffer.from([1, 0, 1]);
	const modulus = (bits: number) =>
		mpint(Buffer.from((2n ** BigInt(bits - 1) + 1n).toString(16).padStart(Math.ceil(bits / 4 / 2) * 2, "0"), "hex"));

	it.each([
		["a type that it is not inside", "ssh-rsa", key, ' says ssh-rsa, and is "ssh-ed25519" inside'],
		["a type that there is not", "ed25519", key, ' is of a type that sshd does not have: "ed25519"'],
		["DSA", "ssh-dss", blob("ssh-dss", "x"), " is of the type ssh-dss, which OpenSSH takes no longer"],
		[
			"a certificate",
			"ssh-ed25519-cert-v01@openssh.com",
			key,
			" is a certificate, which sshd looks for in no such line",
		],
		["a name of every object", "constructor", key, ' is of a type that sshd does not have: "constructor"'],
		["no base64", type, "AAAA*", " is not whole base64"],
		["base64 that lacks its end", type, key.slice(0, -1), " is not whole base64"],
		["base64 with bits too many", type, `${key.slice(0, -2)}B=`, " is not whole base64"],
		[
			"the base64 of URLs",
			type,
			Buffer.concat([Buffer.from(key, "base64"), Buffer.alloc(3, 255)]).toString("base64url"),
			" is not whole base64",
		],
		["nothing in it", type, "", " is not whole base64"],
		["31 bytes", type, blob(type, ed25519Bytes().subarray(1)), " has 31 bytes, where Ed25519 has 32"],
		["33 bytes", type, blob(type, Buffer.alloc(33, 7)), " has 33 bytes, where Ed25519 has 32"],
		["more behind it", type, blob(type, ed25519Bytes(), "x"), " has more bytes than a key of its type"],
		["a cut", type, Buffer.from(key, "base64").subarray(0, 40).toString("base64"), " ends too early"],
		["a length beyond everything", type, Buffer.from("ffffffff00", "hex").toString("base64"), " ends too early"],
		["zeros", type, blob(type, Buffer.alloc(32)), " is no key but a placeholder: anybody can sign for it"],
		[
			"another curve's name",
			nistp256,
			blob(nistp256, "nistp384", point),
			' is on the curve "nistp384", and says nistp256',
		],
		["a point beside the curve", nistp256, blob(nistp256, "nistp256", offCurve), " has no point of nistp256"],
		["a compressed point", nistp256, blob(nistp256, "nistp256", compressed), " has no point of nistp256"],
		["another curve's point", nistp256, blob(nistp256, "nistp256", ecdsaPoint("P-384")), " has no point of nistp256"],
		["zeros before its coordinates", nistp256, blob(nistp256, "nistp256", padded), " has no point of nistp256"],
		["infinity", nistp256, blob(nistp256, "nistp256", Buffer.alloc(1)), " has no point of nistp256"],
		["1024 bits", "ssh-rsa", rsaBlob(1024), " is an RSA key of 1024 bits, and must have 2048 to 16384"],
		[
			"2047 bits",
			"ssh-rsa",
			blob("ssh-rsa", e, modulus(2047)),
			" is an RSA key of 2047 bits, and must have 2048 to 16384",
		],
		[
			"16385 bits",
			"ssh-rsa",
			blob("ssh-rsa", e, modulus(16385)),
			" is an RSA key of 16385 bits, and must have 2048 to 16384",
		],
		["an even modulus", "ssh-rsa", blob("ssh-rsa", e, Buffer.alloc(256, 0x7e)), " has numbers that no RSA key has"],
		["a negative modulus", "ssh-rsa", blob("ssh-rsa", e, Buffer.alloc(256, 0xff)), " has numbers that no RSA key has"],
		[
			"an exponent of 1",
			"ssh-rsa",
			blob("ssh-rsa", Buffer.from([1]), modulus(2048)),
			" has numbers that no RSA key has",
		],
		[
			"zeros in front",
			"ssh-rsa",
			blob("ssh-rsa", Buffer.from([0, 1, 0, 1]), modulus(2048)),
			" has numbers that no RSA key has",
		],
		["no application", SK_ED25519, blob(SK_ED25519, ed25519Bytes()), " ends too early"],
		[
			"an empty application",
			SK_ED25519,
			blob(SK_ED25519, ed25519Bytes(), ""),
			" has no application, as FIDO keys have",
		],
	])("with %s is refused, as a map and as a line", (_, named, base64, message) => {
		expect(faultsOf({ type: named, key: base64 })).toEqual([message]);
		if (base64 !== "") expect(faultsOf(`${named} ${base64} alice@laptop`)).toHaveLength(1);
	});

	it("for which anybody can sign is told from all others, as noble-curves does it", () => {
		const torsion = ed25519.Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
		let small = ed25519.Point.ZERO;
		for (let order = 0; order < 8; order++) {
			expect(small.isSmallOrder()).toBe(true);
			expect(faultsOf({ type, key: blob(type, Buffer.from(small.toBytes())) })).toHaveLength(1);
			small = small.add(torsion);
		}
		const mixed = torsion.add(ed25519.Point.BASE);
		expect(mixed.isSmallOrder()).toBe(false);
		expect(faultsOf({ type, key: blob(type, Buffer.from(mixed.toBytes())) })).toEqual([]);
	});

	it.each([
		[{ key: key.slice(1) }, " is not whole base64"],
		[{ key: Buffer.from("hello").toString("base64") }, " ends too early"],
		[{ key: blob("ssh-dss", ed25519Bytes()) }, / is of the type ssh-dss/],
		[{ type }, ".key is missing"],
		[{ type, key, coment: "x" }, ".coment is not known"],
		[{ type, key, comment: "a\nssh-ed25519 AAAA evil" }, ".comment has a newline, a tab or another control character"],
		[{ type, key: `${key}\n${key}` }, ".key has a newline, a tab or another control character"],
		[{ type, key: `${key} x` }, " is not whole base64"],
		[{ type: `${type} `, key }, / is of a type that sshd does not have/],
		[{ type, key, options: [7] }, /^\.options\.0 must be a text/],
		[{ type, key, options: { restrict: true } }, /^\.options must be a list of options/],
		[{ type, key, ensure: "locked" }, /^\.ensure must be present, absent/],
		[7, / must be a map, not a number/],
		[[`${type} ${key}`], / must be a map, not a list/],
		["hello", " is no line of authorized_keys"],
		["# a comment", " is no line of authorized_keys"],
		["-----BEGIN OPENSSH PRIVATE KEY----- abcdef", " is no line of authorized_keys"],
		[key, " is no line of authorized_keys"],
		[type, " is no line of authorized_keys"],
		[`${type} ${key} a\n${type} ${key} b`, " has a newline, a tab or another control character"],
		[`command="x ${type} ${key}`, " is no line of authorized_keys"],
		[
			`restrict,command="${"x".repeat(8192)}" ${type} ${key}`,
			" makes a line of more than 8192 bytes, which sshd may not read",
		],
	])("like %o is refused", (entry, message) => {
		const [fault, ...others] = faultsOf(entry);
		expect(others).toEqual([]);
		if (typeof message === "string") expect(fault).toBe(message);
		else expect(fault).toMatch(message);
	});

	it("never shows itself in a fault, which may be a private one", () => {
		const secret = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";
		for (const entry of [secret, `-----BEGIN ${secret}`, { type, key: secret }, `${type} ${secret}`, [secret]]) {
			expect(JSON.stringify(parseKeys({ alice: entry }).faults)).not.toContain(secret);
		}
	});

	it("under a name with a newline is refused, whatever its comment", () => {
		expect(parseKeys({ "a\nb": { type, key, comment: "c" } }).faults).toHaveLength(1);
	});
});

describe("options", () => {
	const withOptions = (options: unknown) =>
		lines({ alice: { type, key, options } }).slice(0, -` ${type} ${key} alice\n`.length);

	it.each([
		[[], ""],
		["", ""],
		[["restrict", "PTY"], "restrict,pty"],
		["no-x11-forwarding,No-Pty", "no-X11-forwarding,no-pty"],
		[['command="echo hi"'], 'command="echo hi"'],
		[["command=echo hi"], 'command="echo hi"'],
		[['command=echo "hi"'], String.raw`command="echo \"hi\""`],
		[[String.raw`command="echo \"hi\" \n"`], String.raw`command="echo \"hi\" \n"`],
		[
			String.raw`from="10.0.0.0/8,!10.1.0.0/16,*.example.org,::1/128",command="a\"b,c"`,
			String.raw`from="10.0.0.0/8,!10.1.0.0/16,*.example.org,::1/128",command="a\"b,c"`,
		],
		[["environment=A=b", "environment=C="], 'environment="A=b",environment="C="'],
		[["expiry-time=20270101", "expiry-time=202701012359Z"], 'expiry-time="20270101",expiry-time="202701012359Z"'],
		[
			["permitopen=[::1]:80", "permitopen=db:*", "permitlisten=8080"],
			'permitopen="[::1]:80",permitopen="db:*",permitlisten="8080"',
		],
		[["tunnel=0", "cert-authority", "principals=root,ops"], 'tunnel="0",cert-authority,principals="root,ops"'],
	])("like %o are written %s", (options, text) => {
		expect(withOptions(options)).toBe(text);
	});

	it.each([
		[["restict"], /sshd does not know: "restict"/],
		[["__proto__"], /sshd does not know/],
		[["constructor=x"], /sshd does not know/],
		[[""], /sshd does not know: ""/],
		[["restrict,pty"], /"restrict" and something more/],
		[['command="a" b'], /"command" and something more/],
		[['command="a'], /"command" and something more/],
		[["restrict=yes"], /has a value for restrict, which takes none/],
		[["command"], /has no value for command/],
		[["command=a\\"], /ends with a \\/],
		[["command=a", "command=b"], /has command twice/],
		[["principals=root"], /has principals without cert-authority/],
		[["from=1.2.3.4", "FROM=1.2.3.4"], /has from twice/],
		[["from=10.0.0.1/8"], /"10.0.0.1\/8", which is no network/],
		[["from=10.0.0.0/33"], /no network/],
		[["from=::1/64"], /no network/],
		[["from=::ffff:10.0.0.0/129"], /no network/],
		[["from=host/8"], /no network/],
		[["from=a,,b"], /empty pattern/],
		[["from="], /empty pattern/],
		[["from=a, b"], /has a space/],
		[["environment=A-B=c"], /NAME=VALUE/],
		[["environment=A"], /NAME=VALUE/],
		[["expiry-time=20270229"], /is no time/],
		[["expiry-time=202701012460"], /is no time/],
		[["expiry-time=tomorrow"], /is no time/],
		[["permitopen=80"], /HOST:PORT/],
		[["permitopen=db:0"], /HOST:PORT/],
		[["permitopen=::1:80"], /HOST:PORT/],
		[["permitlisten=db:65536"], /PORT/],
		[["tunnel=-1"], /tunnel/],
		["restrict,", /sshd does not know: ""/],
		["restrict pty", /not quoted/],
		["command=date", /not quoted/],
		[String.raw`command="a\"`, /not quoted/],
		['command="a"x', /not quoted/],
	])("like %o are refused", (options, message) => {
		const faults = faultsOf({ type, key, options });
		expect(faults).toEqual([expect.stringMatching(message)]);
		if (typeof options === "string") expect(faultsOf(`${options} ${type} ${key}`).length).toBeGreaterThan(0);
	});

	it("with a network whose bits behind the mask are 0 are taken, and with one bit set refused, in IPv6 too", () => {
		fc.assert(
			fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), fc.integer({ min: 0, max: 127 }), (bits, length) => {
				const host = 128n - BigInt(length);
				const network = (bits >> host) << host;
				const text = (number: bigint) => number.toString(16).padStart(32, "0").match(/.{4}/g)?.join(":");
				expect(faultsOf({ type, key, options: [`from=${text(network)}/${length}`] })).toEqual([]);
				expect(faultsOf({ type, key, options: [`from=${text(network | 1n)}/${length}`] })).toHaveLength(1);
			}),
		);
	});

	it("have all of their faults told", () => {
		const all = [
			...faultsOf({ type, key, options: 'restict,pyt,from=""' }),
			...faultsOf({ type, key, options: ["restict", "pyt"] }),
		];
		expect(all).toHaveLength(5);
	});

	it("of any text come back as they were out of the line that was written", () => {
		const value = fc
			.string({ unit: fc.constantFrom("a", " ", '"', "\\", ",", "=", "é", "#", "AAAA") })
			.filter((text) => !text.endsWith("\\"));
		fc.assert(
			fc.property(value, value, fc.string(), (command, environment, comment) => {
				fc.pre(!/\p{Cc}/u.test(comment) && comment.trim() === comment && !comment.startsWith('"'));
				const options = ["restrict", `command=${command}`, `environment=A=${environment}`];
				fc.pre(!command.startsWith('"'));
				const { value: first } = parseKeys({ alice: { type, key, options, comment } });
				const line = printKeys(first ?? expect.unreachable());
				const { value: second } = parseKeys({ alice: line });
				expect(second?.[0]?.options).toEqual([
					{ name: "restrict", value: undefined },
					{ name: "command", value: command },
					{ name: "environment", value: `A=${environment}` },
				]);
				expect(printKeys(second ?? [])).toBe(comment === "" ? line.replace("\n", " alice\n") : line);
			}),
		);
	});
});

describe("a user's keys", () => {
	const groups = { people: { gid: 2000 } };
	const keys = { laptop: { type, key } };
	const keysOf = (fields: object) =>
		parseAccounts({ alice: { uid: 2001, gid: 2000, keys, ...fields } }, groups).value?.users[0]?.keys.map(
			({ name }) => name,
		);

	it("go where the account is locked, unless they are to stay", () => {
		expect(keysOf({})).toEqual(["laptop"]);
		expect(keysOf({ ensure: "locked" })).toEqual([]);
		expect(keysOf({ ensure: "locked", keep_keys: true })).toEqual(["laptop"]);
		expect(keysOf({ ensure: "present", keep_keys: false })).toEqual(["laptop"]);
	});

	it("are checked all the same where the account is locked", () => {
		expect(keysOf({ ensure: "locked", keys: { laptop: "nonsense" } })).toBeUndefined();
	});

	it("may be another's too", () => {
		const bob = { uid: 2002, gid: 2000, keys };
		const { faults } = parseAccounts({ alice: { ...bob, uid: 2001 }, bob }, groups);
		expect(faults).toEqual([]);
	});
});
