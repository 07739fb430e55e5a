#!/usr/bin/env node
import { CodeCache } from "./code-cache.js";

// libuv starts four threads at the first query of a database, and a command never has two things to do at once. It reads
// this when it starts them, so a command that has may still set another number.
process.env.UV_THREADPOOL_SIZE ??= "1";

const argv = process.argv.slice(2);

// Configuration management runs these by the thousand: they are in a file without the other commands, and the cache
// holds of each file what a successful command runs.
const isFrequent = argv[0] === "get" || argv[0] === "create";
const cache = new CodeCache();
const program = cache.load<typeof import("./program.js")>(isFrequent ? "frequent.js" : "program.js");
process.on("exit", (exitCode) => {
	if (exitCode === 0) cache.save();
});

let isDone = false;
program.main(argv).then((exitCode) => {
	process.exitCode = exitCode;
	isDone = true;
});
// A site's module may end the process, or never answer: then Node would exit with 0, and nothing printed is no password.
process.on("exit", (exitCode) => {
	if (isDone || exitCode !== 0) return;
	process.exitCode = 1;
	process.stderr.write("trocla: stopped before it was done, in a module of a format or a store\n");
});
