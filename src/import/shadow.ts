import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Foreign, Reader } from "./foreign.js";
import { sourceError, unreadable } from "./source-error.js";

/** Each kind of hash by its beginning, with the whole shape that crypt(5) says it has. */
const HASHES: readonly (readonly [format: string, begin: string, shape: RegExp])[] = [
	["yescrypt", "$y$", /^\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{0,86}\$[./A-Za-z0-9]{43}$/],
	["sha512crypt", "$6$", /^\$6\$(rounds=[1-9]\d*\$)?[^$:\n]{0,16}\$[./0-9A-Za-z]{86}$/],
	["sha256crypt", "$5$", /^\$5\$(rounds=[1-9]\d*\$)?[^$:\n]{0,16}\$[./0-9A-Za-z]{43}$/],
	["bcrypt", "$2", /^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/],
	["md5crypt", "$1$", /^\$1\$[^$:\n]{0,8}\$[./0-9A-Za-z]{22}$/],
];

/** Login shells that let nobody in. */
const NO_LOGIN = /\/(nologin|false)$/;
/** `nobody`, whom some systems give a uid above those of people. */
const NOBODY = 65534;
/** Where people's uids begin: login.defs(5), UID_MIN. */
export const MIN_UID = 1000;

export interface ShadowOptions {
	/** A passwd(5) file; without it, every user of the shadow file comes in. */
	readonly passwd?: string | undefined;
	/** Users with a smaller uid are left out. */
	readonly minUid: number;
}

/**
 * The users' hashes of a shadow(5) file, each under the user's name and the format that its beginning names. A user
 * whose password is locked or empty is skipped; with a passwd file, also one who can't log in or is the system's own.
 *
 * @throws {TroclaError} `source`
 */
export async function* readShadow(path: string, { passwd, minUid }: ShadowOptions): Reader {
	const people = passwd === undefined ? undefined : await readPeople(passwd, minUid);
	let count = 0;
	for await (const line of linesOf(path)) {
		const number = ++count;
		if (line === "") continue;
		const fields = line.split(":");
		const [key = "", hash = ""] = fields;
		if (fields.length !== 9 || key === "") {
			yield {
				key: `line ${number}`,
				fault: "is not one of shadow(5), which has nine fields",
				hint: `Mend it in ${path}`,
			};
		} else yield people && !people.has(key) ? { key, skipped: "not of a login user" } : readHash(key, hash);
	}
	if (count === 0) throw sourceError(`${path} is empty`, "Nothing was imported. Name another file with --file");
}

function readHash(key: string, hash: string): Foreign {
	if (hash === "") return { key, skipped: "without a password" };
	if (/^[!*]/.test(hash)) return { key, skipped: "locked" };
	const [format, , shape] = HASHES.find(([, begin]) => hash.startsWith(begin)) ?? [];
	if (format === undefined || shape === undefined) {
		const kind = /^\$[\w-]+\$/.exec(hash)?.[0];
		return {
			key,
			fault: kind ? `has a hash of a kind that trocla does not know (${kind})` : "has a hash of an old kind (DES)",
			hint: "Its password has to be set anew",
		};
	}
	if (!shape.test(hash)) return { key, fault: `has a damaged ${format} hash`, hint: "Its password has to be set anew" };
	return { key, formats: { [format]: hash } };
}

/** The names of the users who can log in. */
async function readPeople(path: string, minUid: number): Promise<Set<string>> {
	const people = new Set<string>();
	let count = 0;
	for await (const line of linesOf(path)) {
		count++;
		const [name = "", , uid = "", , , , shell = ""] = line.split(":");
		// An empty shell is /bin/sh: passwd(5).
		if (/^\d+$/.test(uid) && Number(uid) >= minUid && Number(uid) !== NOBODY && !NO_LOGIN.test(shell)) people.add(name);
	}
	if (count === 0) throw sourceError(`${path} is empty`, "Nothing was imported. Name another file with --passwd");
	return people;
}

async function* linesOf(path: string): AsyncGenerator<string> {
	try {
		yield* createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
	} catch (error) {
		throw unreadable(path, error);
	}
}
