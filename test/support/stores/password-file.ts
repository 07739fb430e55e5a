import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serverDirectory } from "../server.js";

/** A password, or a token, in a file that configurations can name. */
export function passwordFile(password: string): { readonly path: string; remove(): void } {
	const directory = serverDirectory();
	const path = join(directory.path, "password");
	writeFileSync(path, password, { mode: 0o600 });
	return { path, remove: directory.remove };
}
