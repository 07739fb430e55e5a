import { describe, expect, test } from "vitest";
import { BackendError } from "../../../backends/backend.js";
import { Patience } from "../../../backends/server/patience.js";

class Lost extends Error {}

const patience = (seconds = 0.2) => new Patience(seconds, (error) => error instanceof Lost);
const lost = async () => {
	throw new Lost("cut");
};

describe("what only reads", () => {
	test("is asked again until the server is back", async () => {
		let asked = 0;
		const answer = await patience().read(async () => {
			if (++asked < 3) throw new Lost("away");
			return "here";
		});
		expect([answer, asked]).toEqual(["here", 3]);
	});

	test("fails with the server's error when the time is over, and at once with any other", async () => {
		await expect(patience().read(lost)).rejects.toThrow(Lost);
		let asked = 0;
		const faulty = async () => {
			asked++;
			throw new TypeError("other");
		};
		await expect(patience().read(faulty)).rejects.toThrow(TypeError);
		expect(asked).toBe(1);
	});
});

describe("a swap whose answer was lost", () => {
	const swap = { key: "a", before: "1", after: "2" };

	test("was done where its text is stored", async () => {
		expect(await patience().swap(swap, lost, async () => "2")).toBe(true);
	});

	test("is told as lost where the text before is stored", async () => {
		const undone = patience().swap(swap, lost, async () => "1");
		await expect(undone).rejects.toMatchObject({ fault: "lost", key: "a" });
	});

	test("is unknown where another text is stored, or nothing can be read", async () => {
		const other = patience().swap(swap, lost, async () => "3");
		await expect(other).rejects.toMatchObject({ fault: "unknown", key: "a" });
		await expect(patience().swap(swap, lost, lost)).rejects.toBeInstanceOf(BackendError);
	});

	test("is not told as lost for ever", async () => {
		const patient = patience();
		const ask = async () => {
			for (let asked = 0; asked < 1000; asked++) {
				const told = patient.swap(swap, lost, async () => "1");
				await told.catch((error) => {
					if (error.fault !== "lost") throw error;
				});
				await new Promise((resolve) => setTimeout(resolve, 20));
			}
		};
		await expect(ask()).rejects.toThrow(Lost);
	});

	test("that is answered is not read again", async () => {
		const unread = async () => {
			throw new Error("read");
		};
		expect(await patience().swap(swap, async () => false, unread)).toBe(false);
		await expect(patience().swap(swap, async () => Promise.reject(new TypeError("refused")), unread)).rejects.toThrow(
			TypeError,
		);
	});
});
