import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The programs that tests run against, with the Debian package that has each. */
const PACKAGES = {
	initdb: "postgresql",
	ldapwhoami: "ldap-utils",
	mariadb: "mariadb-client",
	"mariadb-install-db": "mariadb-server",
	mariadbd: "mariadb-server",
	mkpasswd: "whois",
	openssl: "openssl",
	perl: "perl",
	postgres: "postgresql",
	psql: "postgresql-client",
	slapd: "slapd",
	slappasswd: "slapd",
} as const;

export type Program = keyof typeof PACKAGES;

// Debian keeps PostgreSQL out of PATH (but for wrappers in Perl), and other servers out of a user's.
const DIRECTORIES = [
	...versionsOf("/usr/lib/postgresql").map((version) => join(version, "bin")),
	...(process.env.PATH ?? "").split(delimiter),
	"/usr/sbin",
	"/sbin",
];

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
	return DIRECTORIES.map((directory) => join(directory, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
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
