import { BackendError } from "../backend.js";
import type { Credentials } from "./login.js";
import type { Place } from "./records.js";

/** Where a store in Vault is, and as whom it is used, as `store_options` says. */
export interface Location {
	readonly url?: string | undefined;
	readonly token?: string | undefined;
	readonly role_id?: string | undefined;
	readonly secret_id?: string | undefined;
	readonly approle_path?: string | undefined;
	readonly namespace?: string | undefined;
	readonly mount?: string | undefined;
	readonly prefix?: string | undefined;
}

export interface Located {
	/** For messages. */
	readonly server: string;
	/** What all questions are below. */
	readonly base: string;
	readonly place: Place;
	readonly who: Credentials & { readonly namespace: string | undefined };
}

/** @throws {BackendError} where an option is not what Vault has, or options exclude each other */
export function locate(options: Location): Located {
	const { url = "", token, role_id, secret_id, namespace } = options;
	if (token !== undefined && (role_id ?? secret_id) !== undefined) {
		throw new BackendError("unavailable", "store_options has a token and an AppRole", "One of them is enough");
	}
	if (secret_id !== undefined && role_id === undefined) {
		throw new BackendError(
			"unavailable",
			"store_options has a secret_id, but no role_id",
			"Name the AppRole's role_id",
		);
	}
	const { origin, pathname } = new URL(url);
	const server = `${origin}${pathname.replace(/\/+$/, "")}`;
	const path = pathIn("approle_path", options.approle_path ?? "approle");
	const appRole = role_id === undefined ? undefined : { role: role_id, secret: secret_id, path };
	return {
		server,
		base: `${server}/v1`,
		place: { mount: pathIn("mount", options.mount ?? "secret"), prefix: pathIn("prefix", options.prefix ?? "trocla") },
		who: { token, appRole, namespace },
	};
}

/** What needs no escape in a URL, so that it is the same in a policy; Vault takes a slash at either end as none. */
function pathIn(option: string, text: string): string {
	const path = text.replace(/^\/+|\/+$/g, "");
	if (/^[\w@:~-][\w.@:~-]*(\/[\w@:~-][\w.@:~-]*)*$/.test(path) && !path.includes("..")) return path;
	throw new BackendError(
		"unavailable",
		`store_options.${option} can't be ${JSON.stringify(text)}`,
		"It must be a path of letters, digits and - _ . : @ ~, as in: ops/trocla",
	);
}
