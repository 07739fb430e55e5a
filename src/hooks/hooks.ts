import type { HookFailure } from "../audit/audit.js";
import type { Change, FormatOutcome } from "../records/change.js";
import { quote } from "../refusals.js";
import { runHook } from "./program.js";

/** Programs by their names, in the order in which they run. */
export interface HookPaths {
	readonly set: { readonly [name: string]: string };
	readonly delete: { readonly [name: string]: string };
}

export interface HookSettings {
	/** Absolute. */
	readonly paths: HookPaths;
	/** The configuration that a hook's own trocla is to use. */
	readonly configFile: string | undefined;
	/** Hears of hooks that failed, a sentence each. */
	readonly warn: (message: string) => void;
	readonly failed: (failure: HookFailure) => Promise<void>;
	/** 10 seconds, unless told. */
	readonly timeoutMs?: number;
}

interface Event {
	readonly action: keyof HookPaths;
	readonly key: string;
	readonly format: string;
}

const TIMEOUT_MS = 10_000;
/** How many troclas may be each a hook's of the one before: a hook that changes what it hears of would never end. */
const MAX_DEPTH = 4;
const DEPTH = "TROCLA_HOOK_DEPTH";

/** What a change is to hooks; a claim changes nothing yet. */
const EVENTS: { readonly [Outcome in FormatOutcome]?: keyof HookPaths } = {
	stored: "set",
	removed: "delete",
	delivered: "delete",
};

/**
 * Tells a site's programs of changes that are stored, one program at a time and in the order of the changes, while
 * the caller goes on. A program gets `{"action":"set","key":"alice","format":"plain"}` and a newline on its standard
 * input, never a value. What fails is warned of and audited.
 */
export class Hooks {
	readonly #settings: HookSettings;
	readonly #depth: number;
	#waiting: Event[] = [];
	#running: Promise<void> | undefined;

	constructor(settings: HookSettings, env: NodeJS.ProcessEnv = process.env) {
		this.#settings = settings;
		this.#depth = Number(env[DEPTH] ?? 0) || 0;
	}

	changed({ key, formats }: Change): void {
		for (const { format, outcome } of formats) {
			const action = EVENTS[outcome];
			if (action && Object.keys(this.#settings.paths[action]).length > 0) this.#waiting.push({ action, key, format });
		}
		if (this.#waiting.length > 0) this.#running ??= this.#run();
	}

	/** Waits until all programs have been told. */
	async settle(): Promise<void> {
		while (this.#running) await this.#running;
	}

	async #run(): Promise<void> {
		// To start a program takes milliseconds, and the caller first wants its value.
		await new Promise((resolve) => setImmediate(resolve));
		while (this.#waiting.length > 0) {
			for (const event of this.#waiting.splice(0)) await this.#tell(event);
		}
		this.#running = undefined;
	}

	async #tell(event: Event): Promise<void> {
		const { paths, configFile, timeoutMs = TIMEOUT_MS } = this.#settings;
		const input = `${JSON.stringify(event)}\n`;
		const env = { [DEPTH]: String(this.#depth + 1), ...(configFile && { TROCLA_CONFIG: configFile }) };
		for (const [name, path] of Object.entries(paths[event.action])) {
			const failure =
				this.#depth < MAX_DEPTH
					? await runHook(path, input, { env, timeoutMs })
					: ({ outcome: "failed", detail: "hooks call each other without an end", said: undefined } as const);
			if (failure) await this.#report(name, event, failure);
		}
	}

	async #report(
		hook: string,
		{ action, key, format }: Event,
		{ outcome, detail, said }: Pick<HookFailure, "outcome" | "detail"> & { said: string | undefined },
	): Promise<void> {
		const what = `the hook ${JSON.stringify(hook)} did not hear of ${action} ${quote(key)} ${format}`;
		this.#settings.warn(`${what}: ${detail}${said ? ` (${said})` : ""}`);
		await this.#settings.failed({ hook, key, format, outcome, detail });
	}
}
