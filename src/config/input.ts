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
	/** Where Hiera's data is: for `lookup` and `publish`. */
	hiera?: HieraInput;
	/** What a site allows its accounts besides the usual. */
	accounts?: AccountsInput;
	publish?: PublishInput;
	/** The site's own formats: a module's path by the format's name. */
	formats?: { [name: string]: string };
	options?: Options;
	profiles?: { [name: string]: Options };
}

export interface HieraInput {
	/** `hiera.yaml`, or several, the first over the next. Default: Puppet's own. */
	config?: string | string[];
	/** The directory of hosts: a file of facts for each. Default: Puppet's own. */
	hosts?: string;
	/** Puppet's environment. Default: `production`. */
	environment?: string;
}

export interface AccountsInput {
	/** The lowest uid and gid. Default: 1000. */
	min_uid?: number;
	min_gid?: number;
	/** Which names accounts may have. Default: `portable`. */
	names?: "portable" | "debian";
}

export interface PublishInput {
	/** The master's tree. Default: `/var/lib/iar/master` for root, else below the XDG data directory. */
	tree?: string;
	/** The store's key that has the signing key. Default: `iar_signing_key`. */
	signing_key?: string;
}
