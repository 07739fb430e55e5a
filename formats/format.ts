import type * as v from "valibot";

/** The options that a format accepts: a strict object whose every entry is optional and has its default. */
export type OptionsSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

/**
 * One form in which a program wants a password (a hash, a verifier, the plaintext itself), or a secret that is no form
 * of a password and is made by itself: a key pair, a certificate.
 *
 * A format knows nothing of the store but what it is handed. It gets a plaintext that is not empty, at most 1 MiB long,
 * and well-formed Unicode, and options that its own schema has checked.
 */
export interface Format<Schema extends OptionsSchema = OptionsSchema> {
	readonly options: Schema;

	/** The options whose values are secret: they are used, but neither stored nor shown. */
	readonly secretOptions?: readonly string[];

	/** The options whose values are good for one stored value only: a reset does not ask for them again. */
	readonly onceOptions?: readonly string[];

	/**
	 * The stored value for a plaintext. A format with a salt draws a new one on each call. A format that `generate`s has
	 * no plaintext: it takes in a value that was made elsewhere.
	 *
	 * @throws {FormatError} where this plaintext, these options, or this machine, can't have the format
	 */
	derive(plain: string, options: v.InferOutput<Schema>, keys: Keys): Promise<string>;

	/**
	 * A new value that comes from no plaintext; where it is there, the format never asks for one.
	 *
	 * @throws {FormatError}
	 */
	generate?(options: v.InferOutput<Schema>, keys: Keys): Promise<string>;

	/**
	 * Whether the plaintext belongs to a stored value; false also for a value that is not of this format.
	 * Absent where a value can't be checked against a plaintext.
	 */
	verify?(plain: string, value: string, options: v.InferOutput<Schema>): Promise<boolean>;

	/**
	 * Parts of a value, or other forms of it, by the name that `--render` has for them.
	 *
	 * @throws {FormatError} for a value that is not of this format
	 */
	readonly render?: { readonly [part: string]: (value: string) => string | Promise<string> };

	/** For values that end by themselves. */
	readonly lifetime?: Lifetime<Schema>;
}

export interface Lifetime<Schema extends OptionsSchema = OptionsSchema> {
	/** When the value ends; `undefined` for one that is not of this format. */
	end(value: string): Promise<Date | undefined>;

	/**
	 * A value that takes the place of one that ends soon, made with the same options.
	 *
	 * @throws {FormatError}
	 */
	renew(value: string, options: v.InferOutput<Schema>, keys: Keys): Promise<string>;
}

/** What a format may know of the store that it makes a value for. */
export interface Keys {
	/** The key that the value is for. */
	readonly own: string;

	/** The value that another key has in this same format, `undefined` where it has none. */
	read(key: string): Promise<string | undefined>;

	now(): Date;
}

/** A plaintext, an option or a machine that a format can't work with: a sentence that follows the format's name. */
export class FormatError extends Error {
	override name = "FormatError";
	readonly hint: string | undefined;

	constructor(message: string, hint?: string) {
		super(message);
		this.hint = hint;
	}
}
