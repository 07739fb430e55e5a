import * as v from "valibot";
import type { Keys } from "../../formats/format.js";
import { builtinFormats, builtinNames, type FormatName } from "../../formats/index.js";

/** Options under which a hash takes little time; what they leave out has its default. */
const QUICK: { readonly [name: string]: object } = {
	argon2: { time: 1, memory: 64, parallelism: 1 },
	bcrypt: { cost: 4 },
	sha256crypt: { rounds: 1000 },
	sha512crypt: { rounds: 1000 },
	yescrypt: { cost: 1 },
};

/** A store without keys, for formats that ask for none. */
const KEYS: Keys = { own: "test", read: async () => undefined, now: () => new Date() };

/** A format with its options filled in, as the store uses it. */
export function using(name: FormatName, options: object = QUICK[name] ?? {}) {
	const load = async () => {
		const format = await builtinFormats.load(name);
		return { format, checked: v.parse(format.options, options) };
	};
	return {
		async derive(plain: string): Promise<string> {
			const { format, checked } = await load();
			return format.derive(plain, checked, KEYS);
		},
		async verify(plain: string, value: string): Promise<boolean | undefined> {
			const { format, checked } = await load();
			return format.verify?.(plain, value, checked);
		},
	};
}

/** The longest plaintext that a format takes, in bytes of UTF-8. */
export function maxBytes(name: FormatName): number {
	if (name === "bcrypt") return 72;
	return name.endsWith("crypt") ? 511 : 2 ** 20;
}

/** The formats that are made of a plaintext. */
export const derivedNames = builtinNames.filter((name) => !builtinFormats.generates(name));

/** They, with a test's options. */
export const derivedFormats = derivedNames.map((name) => ({ name, ...using(name) }));
