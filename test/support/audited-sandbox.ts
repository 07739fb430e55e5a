import { readFileSync } from "node:fs";
import { type Line, parse } from "./audit.js";
import { Sandbox } from "./sandbox.js";

/** A sandbox whose changes are audited. */
export class AuditedSandbox extends Sandbox {
	readonly audit = this.path("log/audit.jsonl");

	constructor() {
		super();
		this.configure({ store_options: { path: this.store }, audit: { file: this.audit } });
	}

	get lines(): Line[] {
		return parse(readFileSync(this.audit, "utf8"));
	}

	/** What doctor finds out about the audit. */
	async doctor(): Promise<{ state: string; message: string }[]> {
		const { stdout } = await this.run(["doctor", "--json"]);
		const { findings }: { findings: { check: string; state: string; message: string }[] } = JSON.parse(stdout);
		return findings.filter(({ check }) => check === "audit");
	}
}
