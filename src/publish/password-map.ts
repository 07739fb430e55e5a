import type { StoredPassword } from "../accounts/password.js";

/** What is known of passwords: two of the same key and format are one. */
export class PasswordMap<Value> {
	// A text of both parts would have to be made, and hashed, for each look: a host's files take a thousand of them.
	readonly #byFormat = new Map<string, Map<string, Value>>();

	get({ key, format }: StoredPassword): Value | undefined {
		return this.#byFormat.get(format)?.get(key);
	}

	set({ key, format }: StoredPassword, value: Value): void {
		const byKey = this.#byFormat.get(format);
		if (byKey) byKey.set(key, value);
		else this.#byFormat.set(format, new Map([[key, value]]));
	}

	*values(): Generator<Value> {
		for (const byKey of this.#byFormat.values()) yield* byKey.values();
	}
}
