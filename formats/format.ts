import type * as v from "valibot";

/** The options that a format accepts: a strict object whose every entry is optional and has its default. */
export type OptionsSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

/**
 * One form in which a program wants a password: a hash, a verifier, the plaintext itself.
 *
 * A format knows nothing of the store. It gets a plaintext that is not empty, at most 1 MiB long, and well-formed
 * Unicode, and options that its own schema has checked.
 */
export interface Format<Schema extends OptionsSchema = OptionsSchema> {
	readonly options: Schema;

	/**
	 * The stored value for a plaintext. A format with a salt draws a new one on each call.
	 *
	 * @throws {FormatError} where this plaintext, or this machine, can't have the format
	 */
	derive(plain: string, options: v.InferOutput<Schema>): Promise<string>;

	/**
	 * Whether the plaintext belongs to a stored value; false also for a value that is not of this format.
	 * Absent where a value can't be checked against a plaintext.
	 */
	verify?(plain: string, value: string, options: v.InferOutput<Schema>): Promise<boolean>;
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
