import { readFileSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { missing, pathOf } from "../support/peers.js";
import { fill, query } from "../support/rows.js";
import { run, Sandbox } from "../support/sandbox.js";
import { dialogueWith } from "../support/terminal.js";
import { Records, restored } from "../support/transfer.js";

/** A sandbox with keys, and an identity that age-keygen made. */
class Owner extends Sandbox {
	recipient = "";

	async prepare(): Promise<void> {
		await this.run(["set", "alice", "plain"], "secret of älice");
		await fill(this.store, 2000);
		const { stderr } = await run(pathOf("age-keygen"), ["-o", this.path("identity")]);
		this.recipient = /age1\S+/.exec(stderr)?.[0] ?? "";
	}

	get identity(): string {
		return /^AGE-SECRET-KEY-\S+$/m.exec(readFileSync(this.path("identity"), "utf8"))?.[0] ?? "";
	}

	/** The lines in an export, as age decrypts it. */
	async opened(file: string): Promise<string> {
		const args = ["-d", "-i", this.path("identity"), this.path(file)];
		const outcome = await run(pathOf("age"), args, { env: this.env });
		expect(outcome).toMatchObject({ code: 0, stderr: "" });
		return outcome.stdout;
	}

	/** What the store has, as the lines of an export have it. */
	async stored(): Promise<unknown[]> {
		const rows = await query(this.store, "SELECT key, value FROM keyv ORDER BY key");
		return rows.map(({ key, value }) => ({
			key: String(key).replace(/^trocla:/, ""),
			record: JSON.parse(JSON.parse(String(value)).value),
		}));
	}
}

const entries = (lines: string): unknown[] =>
	lines
		.trimEnd()
		.split("\n")
		.slice(1, -1)
		.map((line) => JSON.parse(line));

describe.skipIf(missing("age", "age-keygen"))("age (needs age)", () => {
	let owner: Owner;
	beforeEach(async () => {
		owner = new Owner();
		await owner.prepare();
	});

	test.each([[[]], [["--armor"]]])("opens an export to its recipient, with %j", async (args) => {
		await owner.run(["export", "backup.age", "--to", owner.recipient, ...args]);
		expect(entries(await owner.opened("backup.age"))).toEqual(await owner.stored());
	});

	test("refuses what trocla refuses: a cut export", async () => {
		await owner.run(["export", "backup.age", "--to", owner.recipient]);
		const whole = readFileSync(owner.path("backup.age"));
		writeFileSync(owner.path("cut.age"), whole.subarray(0, whole.length - 1000));
		const { code } = await run(pathOf("age"), ["-d", "-i", owner.path("identity"), owner.path("cut.age")]);
		expect(code).toBe(1);
		const cut = restored(new Records().store, readFileSync(owner.path("cut.age")), {
			key: { identities: [owner.identity] },
		});
		await expect(cut).rejects.toMatchObject({ code: "export" });
	});

	test.each([[[]], [["--armor"]]])("can encrypt what trocla restores, with %j", async (args) => {
		await owner.run(["export", "backup.age", "--to", owner.recipient]);
		const lines = await owner.opened("backup.age");
		const encrypt = ["-e", "-r", owner.recipient, ...args, "-o", owner.path("again.age")];
		expect(await run(pathOf("age"), encrypt, {}, lines)).toMatchObject({ code: 0 });
		const records = new Records();
		const settings = { key: { identities: [owner.identity] } };
		const bytes = readFileSync(owner.path("again.age"));
		expect(await restored(records.store, bytes, settings)).toMatchObject({ written: 2001 });
		const texts = (await records.texts()).map(([key, text = ""]) => ({ key, record: JSON.parse(text) }));
		expect(texts).toEqual(await owner.stored());
	});

	describe.skipIf(missing("script"))("with a passphrase", () => {
		const PASSPHRASE = "correct hörse battery";

		test("opens an export", async () => {
			await owner.run(["export", "backup.age", "--passphrase-file", "-"], `${PASSPHRASE}\n`);
			const line = `${pathOf("age")} -d -o opened backup.age`;
			const { code } = await dialogueWith(owner, line, [["Enter passphrase", `${PASSPHRASE}\r`]]);
			expect(code).toBe(0);
			expect(entries(readFileSync(owner.path("opened"), "utf8"))).toEqual(await owner.stored());
		});

		test("can encrypt what trocla restores", async () => {
			await owner.run(["export", "backup.age", "--to", owner.recipient]);
			writeFileSync(owner.path("lines"), await owner.opened("backup.age"));
			const line = `${pathOf("age")} -p -o again.age lines`;
			const { code } = await dialogueWith(owner, line, [
				["Enter passphrase", `${PASSPHRASE}\r`],
				["Confirm passphrase", `${PASSPHRASE}\r`],
			]);
			expect(code).toBe(0);
			const records = new Records();
			const bytes = readFileSync(owner.path("again.age"));
			const settings = { key: { passphrase: PASSPHRASE } };
			expect(await restored(records.store, bytes, settings)).toMatchObject({ written: 2001 });
		});
	});
});
