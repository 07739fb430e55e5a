import type { KeyDescription } from "../../src/describe.js";
import { TroclaError } from "../../src/errors.js";
import { shellWord } from "../../src/input.js";
import type { Run } from "../commands.js";

/** Tells what is stored of a key, without its values. */
export const run: Run = async (context, [key = ""]) =>
	await context.withStore(
		async (trocla) => {
			const description = await trocla.show(key);
			if (!description) throw new TroclaError("not_found", `${JSON.stringify(key)} is not stored`);
			context.print(describe(description), description);
			return 0;
		},
		{ create: false },
	);

function describe({ key, formats, expires, handedOut, claim }: KeyDescription): string {
	const width = Math.max(...Object.keys(formats).map((name) => name.length));
	return [
		key,
		...Object.entries(formats).flatMap(([name, { at, options, ends }]) => [
			`  ${name.padEnd(width)}  ${day(at)}  ${describeOptions(options)}`.trimEnd(),
			...(ends ? [`  ${" ".repeat(width)}  ${describeEnd(key, name, Date.parse(ends))}`] : []),
		]),
		...(expires ? [`  expires ${day(expires.at)} (${expires.seconds} seconds after the last write)`] : []),
		...(handedOut ? [`  plaintext handed out ${day(handedOut)}`] : []),
		...(claim ? [`  being handed out since ${day(claim.at)} by process ${claim.pid} on ${claim.host}`] : []),
	].join("\n");
}

/** Says how to renew what ends within a month. */
function describeEnd(key: string, format: string, end: number): string {
	const days = Math.floor((end - Date.now()) / DAY_MS);
	const date = day(new Date(end).toISOString());
	if (days >= WARN_DAYS) return `ends ${date}`;
	const how = `trocla get ${shellWord(key)} ${format} --renew-before ${WARN_DAYS}d makes a new one`;
	return days < 0 ? `ENDED ${date}: ${how}` : `ENDS ${date}, in ${days} days: ${how}`;
}

const DAY_MS = 86_400_000;
const WARN_DAYS = 30;

const day = (time: string) => time.replace("T", " ").replace(/\.\d+Z$/, " UTC");

function describeOptions(options: KeyDescription["formats"][string]["options"]): string {
	return Object.entries(options ?? {})
		.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
		.join(", ");
}
