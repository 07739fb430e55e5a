import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, loadConfig } from "../../src/config/config.js";
import { Sandbox } from "./sandbox.js";

/** A user's surroundings, with a home of their own. */
export class User {
	readonly sandbox = new Sandbox();
	readonly home = this.sandbox.path("home");
	readonly file = join(this.home, ".troclarc.yaml");
	readonly around = { env: {}, home: this.home, isRoot: false };

	write(text: string, file = this.file): string {
		writeFileSync(file, text, { mode: 0o600 });
		return file;
	}

	load(text: string): Promise<Config> {
		return loadConfig(this.write(text), this.around);
	}
}
