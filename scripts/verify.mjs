// `npm run verify`: installs what is missing, builds, checks types and style, and runs every test.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

/** The real programs that the tests ask, and Debian's packages that have them. */
const peers = {
	mkpasswd: "whois",
	openssl: "openssl",
	postgres: "postgresql",
	mariadbd: "mariadb-server",
	slappasswd: "slapd",
	sqlite3: "sqlite3",
	script: "bsdutils",
	zsh: "zsh",
	fish: "fish",
};

if (!existsSync("node_modules/.package-lock.json")) step("npm", "install");
installPeers();
step("npm", "run", "build");
step("npm", "run", "check");
step("npm", "test");

function step(program, ...args) {
	console.log(`\n> ${program} ${args.join(" ")}`);
	const { status } = spawnSync(program, args, { stdio: "inherit" });
	if (status !== 0) process.exit(status ?? 1);
}

function installPeers() {
	const missing = Object.entries(peers).filter(([program]) => !isInstalled(program));
	if (missing.length === 0) return;
	const packages = missing.map(([, name]) => name);
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
	// Debian keeps PostgreSQL's server out of the path, in a directory for each version.
	const places = ["/usr/sbin", "/sbin", ...(process.env.PATH ?? "").split(":")];
	if (program === "postgres")
		return existsSync("/usr/lib/postgresql") || places.some((place) => existsSync(join(place, program)));
	return places.some((place) => existsSync(join(place, program)));
}
