import type { Formats } from "../../formats/index.js";
import type { Options } from "../records/record.js";

/** Where options come from, besides the call. */
export interface OptionPolicy {
	/** The configuration's file, for what is wrong with it. */
	readonly file?: string | undefined;
	/** The formats that there are. */
	readonly formats: Formats;
	/** The configuration's `options`. */
	readonly options: Options;
	/** The configuration's `profiles`; they are merged over the built-in ones. */
	readonly profiles: { readonly [name: string]: Options };
}

/** The built-in profiles, those of the Ruby trocla; a site's own ones are merged over them by name. */
export const builtinProfiles: { readonly [name: string]: Options } = {
	rootpw: { charset: "consolesafe", length: 32 },
	mysql: { charset: "shellsafe", length: 32 },
	login: { charset: "consolesafe", length: 16 },
	x509veryverylong: { days: 5475, expires: 466_560_000 },
	x509verylong: { days: 3650, expires: 311_040_000 },
	x509long: { days: 1825, expires: 155_520_000 },
	x509auto: { days: 40, expires: 2_592_000 },
	x509short: { days: 2, expires: 86_400 },
};
