import { diagnose, type Finding } from "../../src/doctor.js";
import type { Run } from "../commands.js";
import { Progress } from "../progress.js";

/** Prints what was checked and how to mend what is wrong; exits 1 where something is. */
export const run: Run = async (context) => {
	const progress = new Progress("Checked keys");
	const findings: Finding[] = [];
	for await (const finding of diagnose(context.configFile, progress.update)) findings.push(finding);
	progress.end();
	const ok = findings.every(({ state }) => state !== "fault");
	context.print(findings.map(describe).join("\n"), { ok, findings });
	return ok ? 0 : 1;
};

function describe({ state, check, message, mend }: Finding): string {
	const mark = { ok: "ok     ", note: "note   ", fault: "FAULT  " }[state];
	return `${mark} ${check}: ${message}${mend ? `\n        ${mend}` : ""}`;
}
