import { NoAnswer } from "./connection-error.js";

/**
 * Waits for an answer, but not for longer than this.
 *
 * @param late - gives up what the answer was waited for from
 * @throws {NoAnswer}
 */
export function inTime<Answer>(answer: Promise<Answer>, seconds: number, late: () => void): Promise<Answer> {
	return new Promise((resolve, reject) => {
		const end = setTimeout(() => {
			reject(new NoAnswer(seconds));
			late();
		}, seconds * 1000);
		answer.then(
			(value) => {
				clearTimeout(end);
				resolve(value);
			},
			(error: unknown) => {
				clearTimeout(end);
				reject(error);
			},
		);
	});
}
