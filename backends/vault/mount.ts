import { BackendError } from "../backend.js";
import { shellQuote } from "../shell-quote.js";
import type { VaultClient } from "./client.js";

/** A mounted secrets engine that is KV version 2. */
export interface Mount {
	/** Whether Vault itself forgets a version when the next one is written. */
	readonly keepsOneVersion: boolean;
}

/**
 * Looks at what is mounted at a path.
 *
 * @throws {BackendError} where it is nothing, not KV version 2, or deletes by itself what is stored in it
 */
export async function openMount(client: VaultClient, mount: string): Promise<Mount> {
	const [info, config] = await Promise.all([
		client.ask({ method: "GET", path: `sys/internal/ui/mounts/${mount}` }),
		client.ask({ method: "GET", path: `${mount}/config` }),
	]);
	if (info.status !== 200) throw await notUsable(client, mount);
	const { path, type, options } = info.data;
	const version = (options as { version?: unknown } | null | undefined)?.version;
	if (path !== `${mount}/` || type !== "kv" || version !== "2") {
		const what = path !== `${mount}/` ? `below ${path}` : type === "kv" ? "KV version 1" : `of type ${type}`;
		throw new BackendError(
			"unavailable",
			`${client.server}: ${mount}/ is not a mount of KV version 2, which trocla needs for its compare-and-set, but ${what}`,
			`Name another with store_options.mount, and make it with: ${enable("trocla")}`,
		);
	}
	const { max_versions, delete_version_after } = config.data;
	if (typeof delete_version_after === "string" && !/^(-.*|0s)?$/.test(delete_version_after)) {
		throw new BackendError(
			"unavailable",
			`${client.server}: the mount ${mount}/ deletes every secret after ${delete_version_after}`,
			`Run: vault write ${shellQuote(`${mount}/config`)} delete_version_after=0s`,
		);
	}
	return { keepsOneVersion: config.status === 200 && max_versions === 1 };
}

/** To who may see nothing in a mount, Vault does not say whether it is there. */
async function notUsable(client: VaultClient, mount: string): Promise<BackendError> {
	const self = await client.ask({ method: "GET", path: "auth/token/lookup-self" });
	if (self.status !== 200) return client.refusal(self, "the token");
	return new BackendError(
		"unavailable",
		`${client.server}: there is no mount ${mount}/, or the token may do nothing in it`,
		`Run: ${enable(mount)}, and give the token the policy of docs/stores.md`,
	);
}

const enable = (mount: string) => `vault secrets enable ${shellQuote(`-path=${mount}`)} kv-v2`;

/** Of these paths, those with which the token may not do what it must, as far as Vault tells. */
export async function missingRights(
	client: VaultClient,
	needed: { readonly [path: string]: readonly string[] },
): Promise<string[]> {
	const body = { paths: Object.keys(needed) };
	const { status, data } = await client.ask({ method: "POST", path: "sys/capabilities-self", body });
	if (status !== 200) return [];
	return Object.entries(needed).flatMap(([path, rights]) => {
		const has = data[path];
		if (!Array.isArray(has) || has.includes("root")) return [];
		const missing = rights.filter((right) => !has.includes(right));
		return missing.length > 0 ? [`${missing.join(", ")} on ${path}`] : [];
	});
}
