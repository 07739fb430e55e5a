import { diagnose } from "../../src/doctor/doctor.js";
import type { Finding } from "../../src/doctor/finding.js";
import type { Run } from "../commands.js";
import { Progress } from "../progress.js";

/** Prints what was checked and how to mend what is wrong; exits 1 where something is. */
export const run: Run = async (context) => {
	const [keys, lines] = [new Progress("Checked keys"), new Progress("Checked lines of the audit")];
	const watchers = { keys: keys.update, lines: lines.update };
	const findings: Finding[] = [];
	for await (const finding of diagnose(context.configFile, watchers)) findings.push(finding);
	lines.end();
	keys.end();
	const ok = findings.every(({ state }) => state !== "fault");
	context.print(findings.map(describe).join("\n"), { ok, findings });
	return ok ? 0 : 1;
};

function describe({ state, check, message, mend }: Finding): string {
	const mark = { ok: "ok     ", note: "note   ", fault: "FAULT  " }[state];
	return `${mark} ${check}: ${message}${mend ? `\n        ${mend}` : ""}`;
}
