import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { TroclaError } from "../src/errors.js";
import type { Context } from "./context.js";
import { tell } from "./output.js";

/**
 * The password of a command: `-p VALUE`, else typed at a prompt without echo, else standard input less one newline at
 * its end.
 *
 * @param repeat - ask twice at the prompt, for a password that nothing else checks
 */
export async function readPassword(context: Context, flag: unknown, { repeat }: { repeat: boolean }): Promise<string> {
	if (typeof flag === "string") {
		context.warn("a password on the command line is seen by everyone who lists processes; pipe it in, or type it");
		return flag;
	}
	if (!process.stdin.isTTY) return await readStdin();
	const [password = "", again] = await ask(repeat ? ["Password: ", "The same again: "] : ["Password: "]);
	if (repeat && again !== password) {
		throw new TroclaError("invalid", "the two passwords differ", "Nothing was stored: type it again");
	}
	return password;
}

async function readStdin(): Promise<string> {
	const chunks: Buffer[] = [];
	try {
		for await (const chunk of process.stdin) chunks.push(chunk);
	} catch (error) {
		throw new TroclaError(
			"invalid",
			`no password: standard input can't be read (${(error as Error).message})`,
			"Pipe it in, or use a terminal",
		);
	}
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
			.decode(Buffer.concat(chunks))
			.replace(/\r?\n$/, "");
	} catch {
		throw new TroclaError(
			"invalid",
			"the password is not UTF-8",
			"Nothing was stored: convert it, for example with iconv",
		);
	}
}

/** One line typed for each prompt of a terminal. The echo is off before the first prompt is shown, and until the last line is in. */
export function ask(prompts: readonly string[]): Promise<string[]> {
	const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
	const terminal = createInterface({ input: process.stdin, output: silent, terminal: true, historySize: 0 });
	const lines: string[] = [];
	const show = () => process.stderr.write(prompts[lines.length] ?? "");
	return new Promise((resolve, reject) => {
		terminal.on("line", (line) => {
			tell("");
			if (lines.push(line) < prompts.length) show();
			else terminal.close();
		});
		terminal.on("SIGINT", () => terminal.close());
		terminal.on("close", () => {
			if (lines.length === prompts.length) return resolve(lines);
			tell("");
			reject(new TroclaError("invalid", "no password was typed", "Nothing was stored"));
		});
		show();
	});
}
