import { number } from "./count.js";

const BAR_WIDTH = 24;

/**
 * Shows on standard error what is done, from one second on, where that is a terminal: a count with its rate or, where
 * it is known how much there is to do, a bar and the time left.
 */
export class Progress {
	readonly #what: string;
	readonly #start: number;
	#shown = 0;

	/** @param start - when it began, by `Date.now` */
	constructor(what: string, start = Date.now()) {
		this.#what = what;
		this.#start = start;
	}

	readonly update = (count: number, total?: number): void => {
		const now = Date.now();
		if (!process.stderr.isTTY || now - this.#start < 1000 || now - this.#shown < 100) return;
		this.#shown = now;
		const perSecond = count / ((now - this.#start) / 1000);
		const state = total === undefined ? describeCount(count, perSecond) : describeShare(count, total, perSecond);
		process.stderr.write(`\r${this.#what}: ${state}\x1b[K`);
	};

	/** Takes the line away again; a later update shows it anew. */
	end(): void {
		if (this.#shown) process.stderr.write("\r\x1b[K");
		this.#shown = 0;
	}
}

function describeCount(count: number, perSecond: number): string {
	return `${number(count)} (${number(perSecond)}/s)`;
}

function describeShare(count: number, total: number, perSecond: number): string {
	const filled = total === 0 ? BAR_WIDTH : Math.floor((count / total) * BAR_WIDTH);
	const bar = "#".repeat(filled) + ".".repeat(BAR_WIDTH - filled);
	const left = perSecond === 0 ? "" : `, ${describeTime(Math.ceil((total - count) / perSecond))} left`;
	return `[${bar}] ${number(count)}/${number(total)}${left}`;
}

/** Seconds as people say them: `45 s`, `3:05 min`, `2:10 h`. */
function describeTime(seconds: number): string {
	const twoDigits = (part: number) => String(part).padStart(2, "0");
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return `${minutes}:${twoDigits(seconds % 60)} min`;
	return `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)} h`;
}
