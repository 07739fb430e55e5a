import { BackendError } from "../backend.js";

/** How an adapter is made, as `store_options` says. */
export interface AdapterSettings {
	readonly uri?: string | undefined;
	readonly options?: { readonly [name: string]: unknown } | undefined;
	readonly password?: string | undefined;
}

/**
 * What an adapter's constructor is given: the URI, or the options, with the password in it.
 *
 * @throws {BackendError} where both are there, or a password is among them
 */
export function argumentOf({ uri, options, password }: AdapterSettings): unknown {
	if (uri !== undefined && options !== undefined) {
		throw new BackendError(
			"unavailable",
			"store_options has uri and options, of which Keyv's adapters take one",
			"Write the URI into options, under the name that the adapter has for it",
		);
	}
	if (uri !== undefined) return withPassword(uri, password);
	if (options === undefined) return password === undefined ? undefined : { password };
	for (const [name, value] of Object.entries(options)) {
		const isUrl = typeof value === "string" && URL.canParse(value);
		if (name !== "password" && !(isUrl && new URL(value).password)) continue;
		throw new BackendError(
			"unavailable",
			`store_options.options.${name} holds a password`,
			"Take it out, and name where it is with password_file or password_env",
		);
	}
	if (password === undefined) return options;
	return typeof options.uri === "string"
		? { ...options, uri: withPassword(options.uri, password) }
		: { ...options, password };
}

function withPassword(uri: string, password: string | undefined): string {
	if (password === undefined) return uri;
	const url = new URL(uri);
	url.password = encodeURIComponent(password);
	return url.href;
}
