import type { Options } from "../records/record.js";

/** A configuration as it is written: what the YAML file holds. */
export interface ConfigInput {
	store?: "sqlite" | "memory";
	store_options?: { path?: string };
	create_on_get?: boolean;
	on_handed_out?: "refuse" | "regenerate";
	hooks?: { set?: { [name: string]: string }; delete?: { [name: string]: string } };
	audit?: { file: string };
	encryption?: "none" | "aes-256-gcm";
	/** Where the key ring is (one of the three), and whether records that are not sealed are taken too. */
	encryption_options?: { key_file?: string; key_env?: string; key_credential?: string; accept_plain?: boolean };
	/** The site's own formats: a module's path by the format's name. */
	formats?: { [name: string]: string };
	options?: Options;
	profiles?: { [name: string]: Options };
}
