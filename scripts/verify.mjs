// `npm run verify`: installs what is missing, builds, checks types and style, and runs every test.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { machine } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

/** The real programs that the tests ask, libraries of Ruby's among them, and Debian's packages that have them. */
const peers = JSON.parse(readFileSync("test/support/peers.json", "utf8"));

if (isStale()) step("npm", "install");
installPeers();
step("npm", "run", "build");
step("npm", "run", "check");
step("npm", "test");

function step(program, ...args) {
	console.log(`\n> ${program} ${args.join(" ")}`);
	const { status } = spawnSync(program, args, { stdio: "inherit" });
	if (status !== 0) process.exit(status ?? 1);
}

/** Whether the libraries are not those of package-lock.json: npm writes its own copy whenever it installs. */
function isStale() {
	const installed = statSync("node_modules/.package-lock.json", { throwIfNoEntry: false });
	return !installed || installed.mtimeMs < statSync("package-lock.json").mtimeMs;
}

function installPeers() {
	const missing = Object.entries(peers).filter(([program]) => !isInstalled(program));
	if (missing.length === 0) return;
	const packages = [...new Set(missing.map(([, name]) => name))];
	if (process.getuid?.() !== 0 || !isInstalled("apt-get")) {
		console.log(`Not installed, so the tests that need them are skipped: ${packages.join(", ")}`);
		return;
	}
	// The servers must not start by themselves: each test starts its own, in a directory of its own.
	const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
	execFileSync("apt-get", ["-q", "update"], { stdio: "inherit", env });
	execFileSync("apt-get", ["-q", "install", "-y", "--no-install-recommends", ...packages], { stdio: "inherit", env });
}

function isInstalled(program) {
	const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
	// Debian keeps PostgreSQL out of the path, and other servers out of a user's; modules of glibc and Ruby are libraries.
	const postgres = versions.map((version) => join("/usr/lib/postgresql", version, "bin"));
	const elsewhere = ["/usr/sbin", "/sbin", "/usr/lib", `/usr/lib/${machine()}-linux-gnu`, "/usr/lib/ruby/vendor_ruby"];
	return [...postgres, ...(process.env.PATH ?? "").split(":"), ...elsewhere].some((directory) =>
		existsSync(join(directory, program)),
	);
}
