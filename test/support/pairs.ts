import * as v from "valibot";
import type { Format, Keys, OptionsSchema } from "../../formats/format.js";

/** A format that makes values of its own, as the store uses it for a key of this name. */
export function making<Schema extends OptionsSchema>(format: Format<Schema>, own = "web01") {
	const keys: Keys = { own, read: async () => undefined, now: () => new Date() };
	const check = (options: object) => v.parse(format.options, options);
	return {
		async generate(options: object = {}): Promise<string> {
			const value = await format.generate?.(check(options), keys);
			if (value === undefined) throw new Error("the format makes no values of its own");
			return value;
		},
		/** Takes in a value that was made elsewhere. */
		async take(text: string, options: object = {}): Promise<string> {
			return format.derive(text, check(options), keys);
		},
		async part(name: string, value: string): Promise<string> {
			const render = format.render?.[name];
			if (render === undefined) throw new Error(`the format has no part ${name}`);
			return render(value);
		},
	};
}
