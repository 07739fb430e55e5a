import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { unexplained } from "../../support/histories/linearizable.js";
import { Recording } from "../../support/histories/recording.js";
import { Sandbox } from "../../support/sandbox.js";

test("what processes see of a store that others change has an order, also where some are killed", async () => {
	const sandbox = new Sandbox();
	const config = sandbox.path("troclarc.yaml");
	const recording = new Recording({ sandbox, config, keys: ["a", "b", "c"], processes: 4, rest: 20 });
	for (let kills = 0; kills < 6; kills++) {
		const ended = recording.ended;
		await expect.poll(() => recording.ended, { timeout: 20_000 }).toBeGreaterThan(ended + 60);
		await wait(Math.random() * 20);
		await recording.kill();
	}
	const history = await recording.end();
	expect(unexplained(history)).toEqual([]);
	expect(recording.complaints).toEqual([]);
	expect(history.length).toBeGreaterThan(400);
});
