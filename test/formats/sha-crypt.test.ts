import { describe, expect, it } from "vitest";
import { libcrypt } from "../../formats/libcrypt.js";
import { sha256crypt, sha256cryptMethod } from "../../formats/sha256crypt.js";
import { sha512crypt, sha512cryptMethod } from "../../formats/sha512crypt.js";
import { using } from "../support/formats.js";

const LONG = "a very much longer text to encrypt.  This one even stretches over morethan one line.";
const SHORT_SALT = "we have a short salt string but not a short password";
const MINIMUM = "the minimum number is still observed";

/** Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", the tests of both reference implementations. */
const vectors: Record<"sha256crypt" | "sha512crypt", [setting: string, password: string, hash: string][]> = {
	sha256crypt: [
		["$5$saltstring", "Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"],
		[
			"$5$rounds=10000$saltstringsaltstring",
			"Hello world!",
			"$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
		],
		[
			"$5$rounds=5000$toolongsaltstring",
			"This is just a test",
			"$5$rounds=5000$toolongsaltstrin$Un/5jzAHMgOGZ5.mWJpuVolil07guHPvOW8mGRcvxa5",
		],
		[
			"$5$rounds=1400$anotherlongsaltstring",
			LONG,
			"$5$rounds=1400$anotherlongsalts$Rx.j8H.h8HjEDGomFU8bDkXm3XIUnzyxf12oP84Bnq1",
		],
		["$5$rounds=77777$short", SHORT_SALT, "$5$rounds=77777$short$JiO1O3ZpDAxGJeaDIuqCoEFysAe1mZNJRs3pw0KQRd/"],
		[
			"$5$rounds=123456$asaltof16chars..",
			"a short string",
			"$5$rounds=123456$asaltof16chars..$gP3VQ/6X7UUEW3HkBn2w1/Ptq2jxPyzV/cZKmF/wJvD",
		],
		["$5$rounds=10$roundstoolow", MINIMUM, "$5$rounds=1000$roundstoolow$yfvwcWrQ8l/K0DAWyuPMDNHpIVlTQebY9l/gL972bIC"],
	],
	sha512crypt: [
		[
			"$6$saltstring",
			"Hello world!",
			"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
		],
		[
			"$6$rounds=10000$saltstringsaltstring",
			"Hello world!",
			"$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
		],
		[
			"$6$rounds=5000$toolongsaltstring",
			"This is just a test",
			"$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0",
		],
		[
			"$6$rounds=1400$anotherlongsaltstring",
			LONG,
			"$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1",
		],
		[
			"$6$rounds=77777$short",
			SHORT_SALT,
			"$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0",
		],
		[
			"$6$rounds=123456$asaltof16chars..",
			"a short string",
			"$6$rounds=123456$asaltof16chars..$BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1",
		],
		[
			"$6$rounds=10$roundstoolow",
			MINIMUM,
			"$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX.",
		],
	],
};

describe.each([
	{ name: "sha256crypt", method: sha256cryptMethod, format: sha256crypt },
	{ name: "sha512crypt", method: sha512cryptMethod, format: sha512crypt },
] as const)("$name", ({ name, method, format }) => {
	it.each(vectors[name])("is the specification's for %s", async (setting, password, hash) => {
		expect(await method.portable.crypt(password, setting)).toBe(hash);
	});

	it.each(vectors[name])("verifies the specification's hash for %s", async (_, password, hash) => {
		expect(await format.verify?.(password, hash, { rounds: 5000 })).toBe(true);
		expect(await format.verify?.(`${password} `, hash, { rounds: 5000 })).toBe(false);
	});

	it("has 16 characters of salt, and leaves the default number of rounds out", async () => {
		const hash = await using(name, {}).derive("password");
		expect(hash.split("$").map((part) => part.length)).toEqual([0, 1, 16, name === "sha256crypt" ? 43 : 86]);
	});

	it.each([1000, 4999, 10_000])("says so when it was made in %i rounds", async (rounds) => {
		expect((await using(name, { rounds }).derive("password")).split("$")[2]).toBe(`rounds=${rounds}`);
	});

	it("lets other work in while it is made without libcrypt", async () => {
		let turns = 0;
		const other = setInterval(() => turns++, 1);
		await method.portable.crypt("password", `${method.prefix}rounds=100000$saltsalt`);
		clearInterval(other);
		expect(turns).toBeGreaterThan(5);
	});
});

describe.skipIf((await libcrypt()) === undefined)("a hash of this system's libcrypt (needs libxcrypt)", () => {
	it.each(["", "a=2000", "-_-"])("is verified with the unusual salt %j, with libcrypt and without", async (salt) => {
		const hash = (await (await libcrypt())?.crypt("password", `$6$${salt}$`)) ?? "";
		expect(await using("sha512crypt").verify("password", hash)).toBe(true);
		expect(await sha512cryptMethod.portable.crypt("password", hash)).toBe(hash);
	});
});
