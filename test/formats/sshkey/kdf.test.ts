import { describe, expect, it } from "vitest";
import { bcryptPbkdf } from "../../../formats/sshkey/kdf.js";
import { mpint, string } from "../../../formats/sshkey/wire.js";

/** Of OpenBSD's regress/lib/libutil/bcrypt_pbkdf: password, salt, rounds, key. */
const vectors = [
	["password", "salt", 4, "5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9"],
	["password", "\0", 4, "c12b566235eee04c212598970a579a67"],
	["\0", "salt", 4, "6051be18c2f4f82cbf0efee5471b4bb9"],
	["password\0", "salt\0", 4, "7410e44cf4fa07bfaac8a928b1727fac001375e7bf7384370f48efd121743050"],
	[
		"password",
		"salt",
		8,
		"e1367ec5151a33faac4cc1c144cd23fa15d5548493ecc99b9b5d9c0d3b27bec76227ea66088b849b20ab7aa478010246e74bba51723fefa9f9474d6508845e8d",
	],
] as const;

describe("bcrypt_pbkdf", () => {
	it.each(vectors)("is OpenBSD's for %j with salt %j in %i rounds", async (password, salt, rounds, key) => {
		expect((await bcryptPbkdf(password, Buffer.from(salt), key.length / 2, rounds)).toString("hex")).toBe(key);
	});

	it("lets the process do other things meanwhile", async () => {
		let turns = 0;
		const counting = setInterval(() => turns++, 1);
		await bcryptPbkdf("password", Buffer.from("salt"), 48, 24);
		clearInterval(counting);
		expect(turns).toBeGreaterThan(20);
	});
});

describe("SSH's data types", () => {
	it.each([
		["00", "00000000"],
		["09a378f9b2e332a7", "0000000809a378f9b2e332a7"],
		["0009a378f9b2e332a7", "0000000809a378f9b2e332a7"],
		["80", "000000020080"],
	])("has RFC 4251's mpint for %s", (number, expected) => {
		expect(string(mpint(Buffer.from(number, "hex"))).toString("hex")).toBe(expected);
	});
});
