import { TroclaError } from "../../src/errors.js";
import type { KeyDescription } from "../../src/trocla.js";
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
		...Object.entries(formats).map(([name, { at, options }]) =>
			`  ${name.padEnd(width)}  ${day(at)}  ${describeOptions(options)}`.trimEnd(),
		),
		...(expires ? [`  expires ${day(expires.at)} (${expires.seconds} seconds after the last write)`] : []),
		...(handedOut ? [`  plaintext handed out ${day(handedOut)}`] : []),
		...(claim ? [`  being handed out since ${day(claim.at)} by process ${claim.pid} on ${claim.host}`] : []),
	].join("\n");
}

const day = (time: string) => time.replace("T", " ").replace(/\.\d+Z$/, " UTC");

function describeOptions(options: KeyDescription["formats"][string]["options"]): string {
	return Object.entries(options ?? {})
		.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
		.join(", ");
}
