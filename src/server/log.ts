/** Lines that are written together: one write each would take a tenth of a small answer's time. */
const FLUSH_MS = 50;
const FLUSH_BYTES = 16 * 1024;

export type Level = "info" | "warn" | "error";

/** The daemon's log: JSON objects, one a line. Nothing that is logged may be a value or a token. */
export class Log {
	readonly #write: (text: string) => void;
	#waiting = "";
	#timer: NodeJS.Timeout | undefined;

	/** @param write - writes text to where logs go */
	constructor(write: (text: string) => void) {
		this.#write = write;
	}

	add(level: Level, event: string, fields: { readonly [name: string]: unknown } = {}): void {
		this.#waiting += `${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`;
		if (level === "error" || this.#waiting.length > FLUSH_BYTES) this.flush();
		else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
	}

	flush(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		const text = this.#waiting;
		this.#waiting = "";
		if (text) this.#write(text);
	}
}
