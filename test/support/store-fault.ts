import { expect } from "vitest";
import type { Backend } from "../../backends/backend.js";

/** The error that opening a store ends with, and its hint, which must not tell the password, nor who uses the store. */
export async function faultOf(opening: Promise<Backend>, password: string): Promise<string> {
	const error = await opening.then(
		async (backend) => {
			await backend.close();
			return expect.fail("opened");
		},
		(error: Error & { hint?: string }) => error,
	);
	expect(error).toMatchObject({ name: "BackendError", fault: "unavailable" });
	const text = `${error.message}. ${error.hint}`;
	expect(`${text} ${JSON.stringify(error)} ${error.stack}`).not.toContain(password);
	expect(error.message).not.toContain("trocla@");
	return text;
}
