#!/usr/bin/env node
import { loadCached } from "./code-cache.js";

const program: typeof import("./program.js") = loadCached("program.js");

program.main(process.argv.slice(2)).then((exitCode) => {
	process.exitCode = exitCode;
});
