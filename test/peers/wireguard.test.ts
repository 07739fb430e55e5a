import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wireguard } from "../../formats/wireguard.js";
import { making } from "../support/pairs.js";
import { missing, pathOf } from "../support/peers.js";
import { run } from "../support/sandbox.js";

const { generate, take, part } = making(wireguard);

async function wg(command: "genkey" | "pubkey", input = ""): Promise<string> {
	const outcome = await run(pathOf("wg"), [command], {}, input);
	expect(outcome).toMatchObject({ code: 0, stderr: "" });
	return outcome.stdout.trimEnd();
}

describe.skipIf(missing("wg"))("wg (needs wireguard-tools)", () => {
	it("makes trocla's public key of trocla's private key", async () => {
		for (let round = 0; round < 20; round++) {
			const value = await generate();
			expect(await wg("pubkey", await part("privonly", value))).toBe(await part("pubonly", value));
		}
	});

	it("makes a private key of which trocla has the public key that it has", async () => {
		for (let round = 0; round < 20; round++) {
			const secret = await wg("genkey");
			expect(await part("pubonly", await take(secret))).toBe(await wg("pubkey", secret));
		}
	});

	it("agrees with trocla on any 32 bytes", async () => {
		await fc.assert(
			fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async (bytes) => {
				const secret = Buffer.from(bytes).toString("base64");
				const value = await take(secret);
				expect(await part("pubonly", value)).toBe(await wg("pubkey", secret));
				expect(await part("privonly", value)).toBe(secret);
			}),
		);
	});
});
