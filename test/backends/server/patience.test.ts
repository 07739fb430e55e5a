import { describe, expect, test } from "vitest";
import { BackendError } from "../../../backends/backend.js";
import { isConnectionLost } from "../../../backends/server/connection-error.js";
import { Patience } from "../../../backends/server/patience.js";
import { fateOf } from "../../../backends/server/server-error.js";

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
		await expect(ask()).rejects.toMatchObject({ fault: "unknown", message: expect.stringContaining("cut") });
	});

	test("is told as lost again a good while later", async () => {
		const patient = patience(0.01);
		const told = () => patient.swap(swap, lost, async () => "1");
		await expect(told()).rejects.toMatchObject({ fault: "lost" });
		await new Promise((resolve) => setTimeout(resolve, 100));
		await expect(told()).rejects.toMatchObject({ fault: "lost" });
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

describe("a swap over a connection of Node's", () => {
	const swap = { key: "a", before: undefined, after: "2" };

	/** How often it is sent, where the first time ends so. */
	async function sent(error: object): Promise<number> {
		let sent = 0;
		const swapOnce = async () => {
			if (++sent === 1) throw Object.assign(new Error("unreachable"), error);
			return true;
		};
		await new Patience(0.2, isConnectionLost).swap(swap, swapOnce, async () => undefined).catch(() => {});
		return sent;
	}

	test("is sent again where it could not be made, and not where it was made and broke", async () => {
		expect(await sent({ code: "EHOSTUNREACH", syscall: "connect" })).toBe(2);
		expect(await sent({ code: "EAI_AGAIN", syscall: "getaddrinfo" })).toBe(2);
		expect(await sent({ code: "ECONNREFUSED" })).toBe(2);
		for (const code of ["EHOSTUNREACH", "ENETUNREACH", "ECONNREFUSED", "ECONNRESET"]) {
			expect(await sent({ code, syscall: "read" })).toBe(1);
			expect(await sent({ code, syscall: "write" })).toBe(1);
		}
	});

	test("is not sent again to a host that is not there, which databases are not waited for either", async () => {
		const error = { code: "ENOTFOUND", syscall: "getaddrinfo" };
		expect(await sent(error)).toBe(1);
		expect(fateOf(error)).toBe("failed");
	});
});
