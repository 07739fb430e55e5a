import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sshkey } from "../../formats/sshkey.js";
import { making } from "../support/pairs.js";
import { missing } from "../support/peers.js";
import { Sshd } from "../support/sshd.js";

const { generate, part } = making(sshkey, "web01");

const kinds = [{}, { type: "rsa" }, { type: "ecdsa" }, { type: "ecdsa", bits: 384 }, { type: "ecdsa", bits: 521 }];

describe.skipIf(missing("sshd", "ssh"))("sshd (needs openssh-server and openssh-client)", () => {
	let sshd: Sshd;
	beforeAll(async () => {
		const host = await generate();
		sshd = await Sshd.start({ privateKey: await part("privonly", host), publicLine: await part("pubonly", host) });
	});
	afterAll(() => sshd.stop());

	it.each(kinds)("lets in who has trocla's key with %j, and nobody with another", async (options) => {
		const [value, other] = [await generate(options), await generate()];
		sshd.authorize(await part("pubonly", value));
		expect(await sshd.login(await part("privonly", value))).toEqual({ code: 0, stdout: "in\n", stderr: "" });
		expect(await sshd.login(await part("privonly", other))).toMatchObject({
			code: 255,
			stdout: "",
			stderr: expect.stringContaining("Permission denied (publickey)"),
		});
	});

	it.each(["ed25519", "rsa", "ecdsa"])("lets in who has an %s key and its passphrase", async (type) => {
		const value = await generate({ type, passphrase: "correct horse" });
		sshd.authorize(await part("pubonly", value));
		const secret = await part("privonly", value);
		expect(await sshd.login(secret, "correct horse")).toEqual({ code: 0, stdout: "in\n", stderr: "" });
		expect(await sshd.login(secret, "wrong horse")).toMatchObject({ code: 255, stdout: "" });
	});
});
