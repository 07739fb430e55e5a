import { join } from "node:path";
import { buildSync } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");

/**
 * Bundles a program that imports the product's TypeScript, so that another process can run it: its source as a
 * module at the root of the tree, written to `file` (`.cjs`). It runs with `CHILD_ENV`.
 */
export function bundle(source: string, file: string): void {
	buildSync({
		stdin: { contents: source, resolveDir: ROOT, loader: "ts" },
		outfile: file,
		bundle: true,
		platform: "node",
		format: "cjs",
		target: "node20",
		external: ["sqlite3", "koffi", "@node-rs/argon2"],
		logLevel: "error",
	});
}

/** Lets a bundled program find the native modules that are not in the bundle. */
export const CHILD_ENV = { NODE_PATH: join(ROOT, "node_modules") };
