import { NoAnswer } from "./connection-error.js";

/**
 * Waits for an answer, but not for longer than this.
 *
 * @param late - gives up what the answer was waited for from
 * @throws {NoAnswer}
 */
export async function inTime<Answer>(answer: Promise<Answer>, seconds: number, late: () => void): Promise<Answer> {
	let end: NodeJS.Timeout | undefined;
	const over = new Promise<never>((_, reject) => {
		end = setTimeout(() => {
			reject(new NoAnswer(seconds));
			late();
		}, seconds * 1000);
	});
	try {
		return await Promise.race([answer, over]);
	} finally {
		clearTimeout(end);
	}
}
