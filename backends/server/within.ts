import { NoAnswer } from "./connection-error.js";

/**
 * What a server answers, if it does in time.
 *
 * @param giveUp - ends the work where it does not; what comes of it then is lost
 * @throws {NoAnswer}
 */
export async function within<Answer>(seconds: number, answer: Promise<Answer>, giveUp: () => void): Promise<Answer> {
	let timer: NodeJS.Timeout | undefined;
	const over = new Promise<never>((_, reject) => {
		timer = setTimeout(() => {
			reject(new NoAnswer(seconds));
			giveUp();
		}, seconds * 1000);
	});
	try {
		return await Promise.race([answer, over]);
	} finally {
		clearTimeout(timer);
	}
}
