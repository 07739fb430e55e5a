import type { Flaw } from "../backend.js";
import { clearTextFlaws } from "../server/clear-text.js";
import type { VaultClient } from "./client.js";
import { missingRights } from "./mount.js";
import { bytesOf } from "./names.js";
import type { Records } from "./records.js";

/** What is wrong with a Vault as a store, as far as it tells: who reads along, which node answers, what is missing. */
export async function flawsOf(client: VaultClient, records: Records): Promise<Flaw[]> {
	const flaws = [...clearTextFlaws([client.server]), ...(await nodeFlaws(client))];
	for (const right of await missingRights(client, records.rights)) {
		flaws.push({ message: `${client.server}: the token lacks ${right}`, hint: "Give it the policy of docs/stores.md" });
	}
	const foreign = await foreignNames(records);
	if (foreign.length > 0) {
		const examples = foreign.slice(0, 3).join(", ");
		const message = `${client.server}: ${foreign.length} names below the prefix are not trocla's: ${examples}`;
		flaws.push({ message, hint: "Give trocla a prefix of its own with store_options.prefix" });
	}
	return flaws;
}

/** Every node that is well answers this, without a token. */
async function nodeFlaws(client: VaultClient): Promise<Flaw[]> {
	const node = await client.health();
	const isCopy = node.performance_standby === true || node.replication_performance_mode === "secondary";
	if (!isCopy && node.standby !== true) return [];
	const message = `${client.server} is a standby, or a replica: what it answers may be older than what is stored`;
	return [{ message, hint: "Name the active node, or what finds it, in store_options.url" }];
}

async function foreignNames(records: Records): Promise<string[]> {
	const { names } = await records.names();
	return names.filter((name) => bytesOf(name) === undefined);
}
