import { execFileSync } from "node:child_process";
import { readFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { Audit, type AuditSettings } from "../../src/audit/audit.js";
import { checkAudit } from "../../src/audit/check.js";
import type { Finding } from "../../src/doctor/finding.js";
import { Sandbox } from "./sandbox.js";

/** What an audit's line has in these tests. */
export interface Line {
	readonly n: number;
	readonly time: string;
	readonly action: string;
	readonly key: string;
	readonly format: string;
	readonly outcome: string;
	readonly prev: string;
	readonly [name: string]: unknown;
}

export const IDENTITY = { user: "root", uid: 0, host: "web1", process: { pid: 4711, name: "trocla get" } };

/** An audit in a directory of a test's own, and what it warned of. */
export class TestAudit {
	readonly sandbox = new Sandbox();
	readonly file: string;
	readonly warnings: string[] = [];

	constructor(name = "audit.jsonl") {
		this.file = this.sandbox.path(name);
	}

	open(settings: Partial<AuditSettings> = {}): Audit {
		const warn = (message: string) => this.warnings.push(message);
		return new Audit({ file: this.file, identity: IDENTITY, now: () => new Date(), warn, ...settings });
	}

	/** Appends lines of keys with these numbers. */
	async fill(from: number, to: number): Promise<void> {
		const audit = this.open();
		for (let i = from; i <= to; i++) await store(audit, `key${i}`);
		await audit.settle();
	}

	/** Renames it and makes a new one, long after its last line. */
	rotate(to: string): void {
		renameSync(this.file, to);
		writeFileSync(this.file, "", { mode: 0o600 });
		const later = Date.now() / 1000 + 60;
		utimesSync(this.file, later, later);
	}

	lines(file = this.file): Line[] {
		return parse(readFileSync(file, "utf8"));
	}

	async faults(): Promise<string[]> {
		return (await this.findings()).filter(({ state }) => state === "fault").map(({ message }) => message);
	}

	async findings(): Promise<Finding[]> {
		const found: Finding[] = [];
		for await (const finding of checkAudit(this.file, () => {})) found.push(finding);
		return found;
	}
}

export function store(audit: Audit, key: string, format = "plain"): Promise<void> {
	return audit.changed({ action: "get", key, formats: [{ format, outcome: "stored" }] });
}

export function parse(text: string): Line[] {
	return text
		.split("\n")
		.slice(0, -1)
		.map((line) => JSON.parse(line));
}

/** The SHA-256 of a text in hex, as another program computes it. */
export function sha256sum(text: string): string {
	return execFileSync("sha256sum", { input: text, encoding: "utf8" }).slice(0, 64);
}
