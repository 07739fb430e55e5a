import { accessSync, constants, readdirSync } from "node:fs";
import { machine } from "node:os";
import { delimiter, join } from "node:path";
// The programs that tests run against, and Ruby's libraries, with the Debian package that has each.
import PACKAGES from "./peers.json" with { type: "json" };

export type Program = keyof typeof PACKAGES;

// uname(2)'s name of this machine, which Debian's directories have.
const MACHINE = machine();

// Debian keeps PostgreSQL out of PATH (but for wrappers in Perl), and other servers out of a user's.
const DIRECTORIES = [
	...versionsOf("/usr/lib/postgresql").map((version) => join(version, "bin")),
	...(process.env.PATH ?? "").split(delimiter),
	"/usr/sbin",
	"/sbin",
	"/usr/lib/ruby/vendor_ruby",
];

// Where Debian has modules of glibc's name services, which are libraries and no programs.
const LIBRARIES = ["/usr/lib", `/usr/lib/${MACHINE}-linux-gnu`];

/**
 * Whether one of these programs is not installed, so that its tests are to be skipped.
 *
 * @throws {Error} in CI, where nothing is skipped
 */
export function missing(...programs: readonly Program[]): boolean {
	const absent = programs.filter((program) => find(program) === undefined);
	if (absent.length > 0 && process.env.CI) {
		const packages = [...new Set(absent.map((program) => PACKAGES[program]))];
		throw new Error(`${absent.join(", ")} must be installed in CI: apt-get install ${packages.join(" ")}`);
	}
	return absent.length > 0;
}

/** The path of a program that is not missing. */
export function pathOf(program: Program): string {
	const path = find(program);
	if (path === undefined) throw new Error(`${program} is not installed: apt-get install ${PACKAGES[program]}`);
	return path;
}

function find(program: Program): string | undefined {
	const places = [...DIRECTORIES, ...LIBRARIES].map((directory) => join(directory, program));
	return places.find(isUsable);
}

/** A program must be executable; Ruby's and glibc's libraries are only read. */
function isUsable(path: string): boolean {
	try {
		accessSync(path, /\.(rb|so)(\.|$)/.test(path) ? constants.R_OK : constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

/** The directories of a package's versions, the newest first. */
function versionsOf(directory: string): string[] {
	try {
		const versions = readdirSync(directory).sort((a, b) => Number(b) - Number(a));
		return versions.map((version) => join(directory, version));
	} catch {
		return [];
	}
}
