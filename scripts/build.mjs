// Builds dist/: the command, bundled with lazy chunks, and the library as ESM and CommonJS with its types.
//
// Everything written in JavaScript is bundled; only the native addons, sqlite3 and koffi, are left to be installed.
// The command is CommonJS: loading one ES module costs Node as much again as a quarter of its own start.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const resolver = createRequire(join(root, "package.json"));

/** Modules that start-up pays for and a run hardly ever needs. */
const lean = {
	name: "lean",
	setup(build) {
		// commander starts programs for subcommands that are files of their own; trocla's are not.
		build.onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
			importer.includes("/commander/") ? { path, namespace: "never" } : undefined,
		);
		build.onLoad({ filter: /.*/, namespace: "never" }, () => ({ contents: "module.exports = {}" }));
		// sqlite3 looks for its addon in a dozen places; npm builds it in this one.
		build.onResolve({ filter: /^sqlite3$/ }, () => ({ path: resolver.resolve("sqlite3") }));
		build.onResolve({ filter: /^bindings$/ }, ({ path }) => ({ path, namespace: "addon" }));
		build.onLoad({ filter: /.*/, namespace: "addon" }, () => ({
			contents: `module.exports = () => require("sqlite3/build/Release/node_sqlite3.node")`,
		}));
		build.onResolve({ filter: /\.node$/ }, ({ path }) => ({ path, external: true }));
	},
};

/** The bundle of an entry, as ES modules that need a `require` for what was CommonJS. */
async function bundle(entry, name) {
	const { outputFiles } = await build({
		absWorkingDir: root,
		entryPoints: { [name]: entry },
		outdir: dist,
		write: false,
		bundle: true,
		splitting: true,
		format: "esm",
		platform: "node",
		target: "node20",
		minify: true,
		keepNames: false,
		legalComments: "none",
		chunkNames: "chunks/[name]-[hash]",
		external: ["koffi"],
		plugins: [lean],
		logLevel: "warning",
	});
	return outputFiles.map(({ path, text }) => ({ path: relative(dist, path), text }));
}

const REQUIRE = `import{createRequire as __create}from"node:module";const require=__create(import.meta.url);\n`;

function writeModules(files, directory) {
	for (const { path, text } of files) write(join(directory, path), REQUIRE + text);
}

async function writeCommonJs(files, directory) {
	for (const { path, text } of files) {
		const { code } = await transform(text, {
			format: "cjs",
			platform: "node",
			target: "node20",
			minify: true,
			// `import()` of a CommonJS file would load Node's ES module loader after all.
			supported: { "dynamic-import": false },
		});
		write(join(directory, path), code);
	}
	write(join(directory, "package.json"), `{"type":"commonjs"}\n`);
}

function write(path, text) {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, text);
}

rmSync(dist, { recursive: true, force: true });

await writeCommonJs(await bundle("cli/trocla.ts", "trocla"), join(dist, "cli"));
chmodSync(join(dist, "cli/trocla.js"), 0o755);

const library = await bundle("src/index.ts", "index");
writeModules(library, join(dist, "esm"));
await writeCommonJs(library, join(dist, "cjs"));

const types = join(dist, "types");
execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "scripts/tsconfig.types.json"), "--outDir", types], { stdio: "inherit" });
for (const format of ["esm", "cjs"]) cpSync(types, join(dist, format), { recursive: true });
rmSync(types, { recursive: true });
