import type { StoreName } from "../../backends/index.js";
import type { Options } from "../records/record.js";

/** A configuration as it is written: what the YAML file holds. */
export interface ConfigInput {
	/** The daemon that has the store, in place of a store here: `unix:/path` or `https://host[:port]`. */
	server?: string;
	server_options?: ServerInput;
	store?: StoreName;
	/** What the store needs to be opened: docs/stores.md has each store's. */
	store_options?: { [name: string]: unknown };
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
	/** Where and for whom `trocla serve` is. */
	serve?: ServeInput;
	/** The site's own formats: a module's path by the format's name. */
	formats?: { [name: string]: string };
	options?: Options;
	profiles?: { [name: string]: Options };
}

export interface ServerInput {
	/** Where the token is: one of the three. */
	token_file?: string;
	token_env?: string;
	token_credential?: string;
	/** The client's certificate and its key: PEM files. */
	certificate?: string;
	key?: string;
	/** Who signs the daemon's certificate: a PEM file. Default: the CAs that Node trusts. */
	ca?: string;
	/** How long an answer may take. Default: 60. */
	seconds?: number;
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

export interface ServeInput {
	/** The Unix socket. `mode` is octal (YAML's 0660 is the number 432), 0600 by default; `group` a name or a number. */
	socket?: { path?: string; mode?: string | number; group?: string | number };
	/** `ca` signs the clients' certificates, `crl` lists those that it has revoked; Puppet's own files will do. */
	https?: { listen?: string; certificate: string; key: string; ca?: string; crl?: string };
	/** SHA-256 of each token, in hex. */
	tokens?: { [name: string]: { hash: string } };
	/** Who may do what; what no rule allows is refused. */
	rules?: ServeRuleInput[];
	limits?: ServeLimits;
	/** Which requests are logged: those that failed (the default), or all. */
	log?: "failures" | "requests";
}

/** Who a rule is for. */
export type ServeWho = "socket" | "anyone" | { certificate: string } | { token: string };

export interface ServeRuleInput {
	who: ServeWho | ServeWho[];
	/** What they may do. */
	may: string[];
	/** With which keys: globs. */
	keys: string[];
}

export interface ServeLimits {
	/** The largest request, in bytes. Default: 2097152. */
	body?: number;
	/** Entries of a batch. Default: 1000. */
	batch?: number;
	/** How long a request may take. Default: 30. */
	seconds?: number;
	/** At a time. Default: 1000. */
	connections?: number;
	/** Requests a second of one client of HTTPS; five times as many may come at once. Default: 200. */
	per_second?: number;
	/** How long a client may take to say that it has what was handed out. Default: 60. */
	receipt?: number;
}
