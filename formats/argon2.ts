import { randomBytes } from "node:crypto";
import * as v from "valibot";
import { equalInConstantTime } from "./compare.js";
import { type Format, FormatError } from "./format.js";
import { wholeNumber } from "./schema.js";

/** RFC 9106, section 3.1: the passes, the KiB of memory, and the lanes. */
interface Cost {
	readonly time: number;
	readonly memory: number;
	readonly parallelism: number;
}

const MAX_LANES = 255;
/** KiB; what the RFC recommends first. */
const MAX_MEMORY = 2 ** 21;
/** KiB that all passes together may fill: more takes minutes. */
const MAX_WORK = 2 ** 24;

const options = v.strictObject({
	time: v.optional(wholeNumber(1, 1000), 3),
	memory: v.optional(wholeNumber(8, MAX_MEMORY), 65_536),
	parallelism: v.optional(wholeNumber(1, MAX_LANES), 4),
});

// The library's numbers for RFC 9106's variants, and for the versions 16 (of the years before it) and 19.
const VARIANTS = { d: 0, i: 1, id: 2 } as const;
const VERSIONS = { 16: 0, 19: 1 } as const;

const SHAPE =
	/^\$argon2(?<variant>id|i|d)\$v=(?<version>16|19)\$m=(?<memory>[1-9]\d{0,9}),t=(?<time>[1-9]\d{0,9}),p=(?<parallelism>[1-9]\d{0,7})\$(?<salt>[A-Za-z0-9+/]{11,86})\$(?<tag>[A-Za-z0-9+/]{6,86})$/;

/**
 * Argon2id, the winner of the Password Hashing Competition, as its programs store it:
 * `$argon2id$v=19$m=65536,t=3,p=4$salt$hash`, RFC 9106, with 16 bytes of salt and 32 of hash.
 *
 * `time` is the passes, 1 to 1000; `memory` is KiB, 8 for each lane to 2097152; `parallelism` is the lanes, 1 to 255.
 * The defaults are the RFC's second recommended set (section 4), for machines that can't spare 2 GiB for a hash.
 * Values of argon2i and argon2d, and of version 16, are verified too.
 */
export const argon2: Format<typeof options> = {
	options,

	async derive(plain, cost) {
		const fault = starved(cost) ?? unbearable(cost);
		if (fault) throw fault;
		return await hash(plain, cost, { variant: "id", version: 19, salt: randomBytes(16), tagBytes: 32 });
	},

	async verify(plain, value) {
		const parts = SHAPE.exec(value)?.groups;
		if (!parts) return false;
		const { memory, time, parallelism, variant, version, salt = "", tag = "" } = parts;
		const cost = { memory: Number(memory), time: Number(time), parallelism: Number(parallelism) };
		if (starved(cost)) return false;
		const fault = unbearable(cost);
		if (fault) throw fault;
		const made = await hash(plain, cost, {
			// The shape lets no other words through.
			variant: variant as keyof typeof VARIANTS,
			version: version === "16" ? 16 : 19,
			salt: Buffer.from(salt, "base64"),
			tagBytes: Buffer.from(tag, "base64").length,
		});
		return equalInConstantTime(made, value);
	},
};

interface Setting {
	readonly variant: keyof typeof VARIANTS;
	readonly version: keyof typeof VERSIONS;
	readonly salt: Buffer;
	readonly tagBytes: number;
}

async function hash(plain: string, { time, memory, parallelism }: Cost, setting: Setting): Promise<string> {
	const library = await loadArgon2();
	const { variant, version, salt, tagBytes } = setting;
	try {
		return await library.hash(plain, {
			timeCost: time,
			memoryCost: memory,
			parallelism,
			salt,
			outputLen: tagBytes,
			algorithm: VARIANTS[variant],
			version: VERSIONS[version],
		});
	} catch (error) {
		throw new FormatError(
			`can't be made with ${memory} KiB of memory: ${error instanceof Error ? error.message : error}`,
			"Give it less with the option memory, or free some",
		);
	}
}

/**
 * The library, whose code is native.
 *
 * @throws {FormatError} where it has none for this platform
 */
export async function loadArgon2(loading = import("@node-rs/argon2")): Promise<typeof import("@node-rs/argon2")> {
	try {
		return await loading;
	} catch {
		throw new FormatError(
			`needs @node-rs/argon2, which is not installed for ${process.platform} on ${process.arch}`,
			"Install trocla anew with its optional dependencies (npm install --include=optional), or choose another format: yescrypt, sha512crypt",
		);
	}
}

/** RFC 9106, section 3.1: a lane has at least 8 KiB. */
function starved({ memory, parallelism }: Cost): FormatError | undefined {
	if (memory >= 8 * parallelism) return undefined;
	return new FormatError(
		`with parallelism ${parallelism} needs ${8 * parallelism} KiB of memory or more, and not ${memory}`,
		"Each lane has 8 KiB at least: raise memory, or lower parallelism",
	);
}

/** A value may come from anywhere, and must not take the machine down. */
function unbearable({ memory, time, parallelism }: Cost): FormatError | undefined {
	if (memory <= MAX_MEMORY && memory * time <= MAX_WORK && parallelism <= MAX_LANES) return undefined;
	return new FormatError(
		`with memory ${memory}, time ${time} and parallelism ${parallelism} is more work than trocla does for a password`,
		`At most ${MAX_MEMORY} KiB of memory, ${MAX_WORK} over all passes, and ${MAX_LANES} lanes`,
	);
}
