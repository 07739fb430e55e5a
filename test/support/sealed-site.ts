import { readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { query } from "./rows.js";
import { Sandbox } from "./sandbox.js";

/** A site with a sealed store that has one key, alice. */
export class SealedSite extends Sandbox {
	readonly ring = this.path("ring/keys");

	static async make(): Promise<SealedSite> {
		const site = new SealedSite();
		expect(await site.run(["init", "--sealed", "--key-file", site.ring])).toMatchObject({ code: 0 });
		expect(await site.run(["set", "alice", "plain"], "the password of alice")).toMatchObject({ code: 0 });
		return site;
	}

	get get() {
		return this.run(["get", "alice", "plain"]);
	}

	/** The names of the ring's keys, the newest last. */
	get keys(): string[] {
		return readFileSync(this.ring, "utf8")
			.split("\n")
			.filter((line) => line !== "" && !line.startsWith("#"))
			.map((line) => line.split(" ")[0] ?? "");
	}

	/** Makes the ring as old as it has to be for its older keys to be dropped. */
	ageRing(): void {
		const text = readFileSync(this.ring, "utf8").replaceAll(/ 2\d{3}-/g, " 2020-");
		// In one step, since other processes read it.
		const fresh = `${this.ring}.aged`;
		writeFileSync(fresh, text, { mode: 0o600 });
		utimesSync(fresh, 0, 0);
		renameSync(fresh, this.ring);
	}
}

/** How many records of a store are sealed with each key; "" stands for those that are not sealed. */
export async function sealedWith(store: string): Promise<{ [key: string]: number }> {
	const counts: { [key: string]: number } = {};
	for (const { value } of await query(store, "SELECT value FROM keyv")) {
		const id = /^\{"value":"trocla-sealed:1:aes-256-gcm:(\w+):/.exec(String(value))?.[1] ?? "";
		counts[id] = (counts[id] ?? 0) + 1;
	}
	return counts;
}

/** Everything that the files of a store say, byte by byte. */
export function contents(store: string): string {
	const directory = dirname(store);
	return readdirSync(directory)
		.map((name) => readFileSync(join(directory, name), "latin1"))
		.join("\n");
}
