#!/usr/bin/env node
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

// Newer Nodes keep compiled code between runs. Not in their default place, a directory in /tmp that others may have
// made, but in the user's own.
const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
(module as { enableCompileCache?: (directory: string) => void }).enableCompileCache?.(join(cache, "trocla"));

import("./program.js").then(async ({ main }) => {
	process.exitCode = await main(process.argv.slice(2));
});
