// `npm run bench`: every comparison, or those that are named (`npm run bench -- start`), as a table of ratios.
import { readFileSync } from "node:fs";

const names = [
	...["start", "hash", "library", "batch", "seal", "memory", "audit", "export", "import", "lookup", "publish"],
	...["serve", "catalog", "stores"],
];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
	console.error(`No such comparison: ${unknown.join(", ")}. There are: ${names.join(", ")}`);
	process.exit(2);
}

const [, processor = "unknown"] = /^model name\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8")) ?? [];
console.log(`Node ${process.versions.node}, ${processor}, ${new Date().toISOString().slice(0, 10)}\n`);
console.log("| | what | against | ratio | medians |\n|---|---|---|---|---|");
for (const name of wanted.length > 0 ? wanted : names) {
	const { run } = await import(`./${name}.mjs`);
	for (const { what, reference, ratio, figures } of await run()) {
		console.log(`| ${name} | ${what} | ${reference} | ${ratio} | ${figures} |`);
	}
}
