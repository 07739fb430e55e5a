import { hostname, userInfo } from "node:os";
import { basename } from "node:path";
import type { Change, StoreEvent } from "../records/change.js";
import { append } from "./append.js";
import type { AuditEntry } from "./line.js";

/** Who does what is audited; the same in all lines of a process. */
export type Identity = Pick<AuditEntry, "user" | "uid" | "sudo_user" | "sudo_uid" | "host" | "process">;

export interface AuditSettings {
	/** The audit's file, absolute. */
	readonly file: string;
	readonly identity: Identity;
	readonly now: () => Date;
	/** Hears of lines that can't be written, a sentence each. */
	readonly warn: (message: string) => void;
}

/** A hook that did not do its work. */
export interface HookFailure {
	readonly hook: string;
	readonly key: string;
	readonly format: string;
	readonly outcome: "failed" | "timed-out";
	/** How, in a few words: `exit code 1`. */
	readonly detail: string;
}

/** Characters: what comes from the surroundings has no limit of its own, and a line has. */
const MAX_NAME = 255;
/** Lines that are written with one sync. */
const BATCH = 500;
/** Lost lines that are told one by one. */
const MAX_TOLD = 20;

/**
 * The audit of one opened store: a JSON line for each changed format and each step of a hand-out, which is on the disk
 * when the call returns.
 *
 * What is audited has happened already, so nothing throws: lines that can't be written are warned of, wait, and are
 * tried again with the next ones and in the end.
 */
export class Audit {
	readonly #settings: AuditSettings;
	#waiting: AuditEntry[] = [];
	#last: Promise<void> = Promise.resolve();
	#next: Promise<void> | undefined;
	#isFailing = false;

	constructor(settings: AuditSettings) {
		this.#settings = settings;
	}

	async changed({ action, key, formats, client }: Change): Promise<void> {
		if (formats.length === 0) return;
		const by = client === undefined ? {} : { client: clip(client) };
		await this.#add(formats.map(({ format, outcome }) => this.#entry({ ...by, action, key, format, outcome })));
	}

	/** Audits what was done to the store as a whole, or what was refused: one line. */
	async noted(event: StoreEvent): Promise<void> {
		await this.#add([this.#entry("client" in event ? { ...event, client: clip(event.client) } : event)]);
	}

	async hookFailed({ hook, key, format, outcome, detail }: HookFailure): Promise<void> {
		const clipped = { hook: clip(hook), detail: clip(detail) };
		await this.#add([this.#entry({ action: "hook", key, format, outcome, ...clipped })]);
	}

	/** Waits until all lines are written; those that can't be are told, whole, as warnings. */
	async settle(): Promise<void> {
		await this.#last;
		if (this.#waiting.length > 0) await this.#add([]);
		const lost = this.#waiting.splice(0);
		for (const entry of lost.slice(0, MAX_TOLD)) this.#settings.warn(`not in the audit: ${JSON.stringify(entry)}`);
		if (lost.length > MAX_TOLD) this.#settings.warn(`${lost.length - MAX_TOLD} more lines are not in the audit`);
	}

	#entry(what: Omit<AuditEntry, keyof Identity | "time">): AuditEntry {
		const { identity, now } = this.#settings;
		return { time: now().toISOString(), ...identity, ...what };
	}

	/** Lines that come while others are written wait and are written together, with one sync for all. */
	async #add(entries: readonly AuditEntry[]): Promise<void> {
		this.#waiting.push(...entries);
		this.#next ??= this.#last.then(async () => {
			this.#next = undefined;
			await this.#write();
		});
		this.#last = this.#next;
		await this.#next;
	}

	async #write(): Promise<void> {
		const { file, warn } = this.#settings;
		const torn = (hash: string) => this.#entry({ action: "audit", outcome: "torn", torn: hash });
		try {
			while (this.#waiting.length > 0) {
				const batch = this.#waiting.slice(0, BATCH);
				await append(file, batch, torn);
				this.#waiting.splice(0, batch.length);
			}
			this.#isFailing = false;
		} catch (error) {
			if (!this.#isFailing)
				warn(`the audit ${file} can't be written: ${(error as Error).message}. What was done stands`);
			this.#isFailing = true;
		}
	}
}

/**
 * Who this process is.
 *
 * @param program - what it is, as `trocla get`; else the name of its main file. Never its arguments
 */
export function identify(program: string | undefined, env: NodeJS.ProcessEnv = process.env): Identity {
	const uid = process.getuid?.() ?? -1;
	return {
		user: clip(userName() ?? String(uid)),
		uid,
		...(env.SUDO_USER && { sudo_user: clip(env.SUDO_USER) }),
		...(/^\d{1,10}$/.test(env.SUDO_UID ?? "") && { sudo_uid: Number(env.SUDO_UID) }),
		host: hostname(),
		process: { pid: process.pid, name: clip(program ?? basename(process.argv[1] ?? process.execPath)) },
	};
}

/** `undefined` where the user has no name, as in many a container. */
function userName(): string | undefined {
	try {
		return userInfo().username;
	} catch {
		return undefined;
	}
}

const clip = (text: string) => text.slice(0, MAX_NAME).toWellFormed();
