import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { LookupSettings } from "../../src/hiera/lookup-settings.js";
import { openHiera } from "../../src/hiera/open-hiera.js";
import { Scope } from "../../src/hiera/scope.js";
import { isHash, toValue } from "../../src/hiera/value.js";
import { mark, type Puppet, type PuppetAnswer, type PuppetLookup } from "./puppet.js";

/** A site's `hiera.yaml` and data in a directory of its own. */
export class HieraSite {
	readonly directory = mkdtempSync(join(tmpdir(), "trocla-hiera-"));

	constructor(files: { readonly [path: string]: string | object }) {
		for (const [path, content] of Object.entries(files)) this.write(path, content);
	}

	/** Writes a file; an object as JSON, which is YAML too. */
	write(path: string, content: string | object): void {
		const file = this.path(path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
	}

	path(name: string): string {
		return join(this.directory, name);
	}

	remove(): void {
		rmSync(this.directory, { recursive: true, force: true });
	}

	/** What trocla gives for these look-ups, in Puppet's form. */
	async ours(lookups: readonly PuppetLookup[], host: TestHost = HOST): Promise<PuppetAnswer[]> {
		const answers: PuppetAnswer[] = [];
		try {
			const hiera = await openHiera({ hieraConfig: [this.path("hiera.yaml"), ...this.#environment()] });
			const facts = toValue(host.facts);
			const scope = Scope.of({ name: host.node, environment: host.environment, ...(isHash(facts) && { facts }) });
			for (const lookup of lookups) {
				const settings: LookupSettings = {
					...("merge" in lookup && { merge: lookup.merge as NonNullable<LookupSettings["merge"]> }), // what Puppet takes
					...("default" in lookup && { default: toValue(lookup.default) }),
					...(lookup.type !== undefined && { type: lookup.type }),
				};
				const value = hiera.lookup(lookup.keys, scope, settings);
				answers.push(await value.then((value) => ({ value: mark(value) }), failed));
			}
		} catch (error) {
			return lookups.map(() => failed(error));
		}
		return answers;
	}

	/** What Puppet gives for them. */
	async theirs(puppet: Puppet, lookups: readonly PuppetLookup[], host: TestHost = HOST): Promise<PuppetAnswer[]> {
		const environmentpath = this.#environment().length > 0 ? { environmentpath: this.path("environments") } : {};
		return await puppet.ask({ config: this.path("hiera.yaml"), lookups, ...host, ...environmentpath });
	}

	/** The environment's `hiera.yaml`, where the site has one. */
	#environment(): string[] {
		const file = this.path("environments/production/hiera.yaml");
		return existsSync(file) ? [file] : [];
	}
}

export interface TestHost {
	readonly node: string;
	readonly facts: object;
	readonly environment?: string;
}

export const HOST: TestHost = {
	node: "web1.example.com",
	facts: {
		clientcert: "web1.example.com",
		os: { family: "Debian", release: { major: "12" } },
		roles: ["web", "db"],
		role: "web",
		count: 3,
		weird: "%{facts.os.family}",
	},
};

const failed = (error: unknown): PuppetAnswer => ({ error: String(error) });
