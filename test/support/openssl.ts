import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { pathOf } from "./peers.js";
import { type Outcome, run } from "./sandbox.js";
import { part } from "./x509.js";

/** The program openssl, with a directory of its own. */
export class OpenSsl {
	readonly directory = mkdtempSync(join(tmpdir(), "trocla-x509-"));

	remove(): void {
		rmSync(this.directory, { recursive: true, force: true });
	}

	/** Writes a file beside the others and gives its path. */
	file(name: string, text: string): string {
		const path = join(this.directory, name);
		writeFileSync(path, text);
		return path;
	}

	run(args: readonly string[], input = ""): Promise<Outcome> {
		return run(pathOf("openssl"), args, { cwd: this.directory, env: { LANG: "C.UTF-8" } }, input);
	}

	/** What it prints where it succeeds. */
	async output(args: readonly string[], input = ""): Promise<string> {
		const outcome = await this.run(args, input);
		expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
		return outcome.stdout;
	}

	/** What it has to say to the certificate of a value, for those who trust that of another. */
	async verify(root: string, value: string, ...args: readonly string[]): Promise<string> {
		const trusted = this.file("root.pem", await part("certonly", root));
		const chain = this.file("chain.pem", await part("fullchain", value));
		const leaf = this.file("leaf.pem", await part("certonly", value));
		const files = ["-CAfile", trusted, "-untrusted", chain, leaf];
		const { stdout, stderr } = await this.run(["verify", "-check_ss_sig", ...args, ...files]);
		return stdout.trim().replace(/^.*: /, "") + stderr;
	}

	/** The lines that it has for an extension of a value's certificate. */
	async extension(name: string, value: string): Promise<string[]> {
		const printed = await this.output(["x509", "-noout", "-ext", name], await part("certonly", value));
		return printed
			.split("\n")
			.map((line) => line.trim())
			.filter((line) => line !== "");
	}
}
