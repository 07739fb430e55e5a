import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createMessage, readKey, readSignature, verify } from "openpgp";
import { expect } from "vitest";
import { loadConfig } from "../../src/config/config.js";
import { openConfigured } from "../../src/open.js";
import { initPublishing } from "../../src/publish/init.js";
import { FILES, parseManifest } from "../../src/publish/manifest.js";
import type { Publication } from "../../src/publish/publish.js";
import { publishSite, type SiteSettings } from "../../src/publish/publish-site.js";
import { publishPlaces } from "../../src/publish/settings.js";
import type { Trocla } from "../../src/trocla.js";
import { blob, ed25519Bytes } from "./keys.js";
import { type Outcome, Sandbox } from "./sandbox.js";

export type File = (typeof FILES)[number];

export const HIERA = {
	version: 5,
	defaults: { datadir: "data", data_hash: "yaml_data" },
	hierarchy: [
		{ name: "Host", path: "hosts/%{trusted.certname}.yaml" },
		{ name: "Role", path: "roles/%{facts.role}.yaml" },
		{ name: "Shared", glob: "shared/*.yaml" },
		{ name: "Environment", path: "environments/%{environment}.yaml" },
		{ name: "Defaults", path: "defaults.yaml" },
	],
};

export const HOSTS = ["ibox-one.local", "ibox-two.local", "web.local"] as const;

/** A new key that root lets in, as the data has it. */
export function rootKey(): { readonly type: string; readonly key: string } {
	return { type: "ssh-ed25519", key: blob("ssh-ed25519", ed25519Bytes()) };
}

/**
 * A site whose accounts are published: three hosts, one of them with a role; alice and bob on all of them with passwords of
 * the store, dora only where the role is web; and the keys of root as the idea has them.
 */
export class PublishSite extends Sandbox {
	readonly tree = this.path("tree");
	readonly data = {
		"accounts::groups": { people: { gid: 2000 } },
		"accounts::users": {
			alice: { uid: 2001, gid: "people", gecos: "Alice Adams" },
			bob: { uid: 2002, gid: "people", shell: "/bin/sh", password: { key: "login/bob", format: "yescrypt" } },
		},
		"ibox::root_keys": { userA: rootKey(), userB: rootKey() },
	};

	constructor() {
		super();
		this.setUp();
		this.write("hiera.yaml", HIERA);
		this.write("data/defaults.yaml", this.data);
		this.write("data/hosts/ibox-two.local.yaml", { "ibox::root_keys": { user1: rootKey() } });
		this.write("data/roles/web.yaml", { "accounts::users": { dora: { uid: 2004, gid: "people" } } });
		for (const host of HOSTS) this.write(`facts/${host}.yaml`, host.startsWith("web") ? { role: "web" } : {});
	}

	/** Writes the configuration, with these parts besides the usual ones. */
	setUp(parts: object = {}): void {
		this.configure({
			store_options: { path: this.store },
			hiera: { config: this.path("hiera.yaml"), hosts: this.path("facts") },
			publish: { tree: this.tree },
			...parts,
		});
	}

	/** A site that can publish. */
	static async ready(): Promise<PublishSite> {
		const site = new PublishSite();
		await site.withStore((trocla) => site.init(trocla));
		return site;
	}

	/** Writes a file; an object as JSON, which is YAML too. */
	write(name: string, content: string | object): void {
		const file = this.path(name);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
	}

	remove(name: string): void {
		rmSync(this.path(name), { recursive: true, force: true });
	}

	/** Runs `trocla publish`. */
	publish(...args: readonly string[]): Promise<Outcome> {
		return this.run(["publish", ...args]);
	}

	/** The same in this process, for those who need no process of their own. */
	async publishHere(settings: Partial<SiteSettings> = {}): Promise<Publication> {
		return await this.withStore(async (trocla) => publishSite({ ...(await this.settings(trocla)), ...settings }));
	}

	/** What `trocla publish` takes its settings to be. */
	async settings(trocla: Trocla): Promise<SiteSettings> {
		const config = await loadConfig(this.path("troclarc.yaml"));
		const { min_uid: minUid, min_gid: minGid, names } = config.accounts;
		return {
			hieraConfig: this.path("hiera.yaml"),
			hosts: this.path("facts"),
			environment: "production",
			rules: { minUid, minGid, names },
			trocla,
			...publishPlaces(config),
			create: config.createOnGet,
			allowEmpty: false,
			anew: false,
			seen: () => {},
			warn: () => {},
			now: () => new Date(),
		};
	}

	async init(trocla: Trocla): Promise<void> {
		await initPublishing(trocla, publishPlaces(await loadConfig(this.path("troclarc.yaml"))));
	}

	async withStore<Result>(use: (trocla: Trocla) => Promise<Result>): Promise<Result> {
		const config = await loadConfig(this.path("troclarc.yaml"));
		await using trocla = await openConfigured(config, { warn: () => {}, create: true, inGroups: true });
		return await use(trocla);
	}

	/** The hosts that are published. */
	hosts(tree = this.tree): string[] {
		return readdirSync(join(tree, "hosts")).sort();
	}

	/** A file of a host's directory in the tree. */
	own(host: string, name: string, tree = this.tree): string {
		return readFileSync(join(tree, "hosts", host, name), "latin1");
	}

	/** A file of a host's set. */
	text(host: string, file: File, tree = this.tree): string {
		const digest = parseManifest(this.own(host, "HashDigest", tree))[file];
		return readFileSync(join(tree, "objects", digest), "utf8");
	}

	/** The second field of each line of a host's shadow, by the user's name. */
	hashes(host: string): { [user: string]: string } {
		const lines = this.text(host, "shadow").trimEnd().split("\n");
		return Object.fromEntries(lines.map((line) => line.split(":").slice(0, 2)));
	}

	/** The objects of each host, without the times. */
	digests(tree = this.tree): { [host: string]: { [file: string]: string } } {
		const digests = this.hosts(tree).map((host) => {
			const { TimeStamp, ...others } = parseManifest(this.own(host, "HashDigest", tree));
			return [host, others] as const;
		});
		return Object.fromEntries(digests);
	}

	/** Everything below a directory, by its path: what kind of file it is, which one, since when, and what it holds. */
	everything(directory: string): { [path: string]: string } {
		const found: { [path: string]: string } = {};
		for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" }).sort()) {
			const path = join(directory, name);
			const stats = lstatSync(path);
			if (stats.isDirectory()) found[name] = `directory ${stats.mode}`;
			else if (stats.isSymbolicLink()) found[name] = `link ${readlinkSync(path)}`;
			else found[name] = `${stats.ino} ${stats.mtimeMs} ${stats.mode} ${sha256(readFileSync(path))}`;
		}
		return found;
	}

	/** What a run that fails must leave as it is: the tree, and the store. */
	state(): unknown {
		return { tree: this.everything(this.tree), store: this.everything(this.path("store")) };
	}

	/**
	 * Expects that the set of every host is whole, its own, and signed with the tree's key, and that all are of one time and
	 * of one generation. Gives how many hosts there are.
	 */
	async expectWhole(): Promise<number> {
		const key = await readKey({ binaryKey: readFileSync(join(this.tree, "signing-key.gpg")) });
		const generation = join(this.tree, readlinkSync(join(this.tree, "hosts")));
		const hosts = readdirSync(generation);
		const times = new Set<string>();
		for (const host of hosts) {
			const read = (name: string) => readFileSync(join(generation, host, name));
			const manifest = read("HashDigest");
			const digests = parseManifest(manifest.toString());
			expect(read("Host").toString()).toBe(`${host}\n`);
			for (const name of ["Host", "TimeStamp"] as const) expect(sha256(read(name))).toBe(digests[name]);
			for (const file of FILES) {
				const content = readFileSync(join(this.tree, "objects", digests[file]));
				expect({ host, file, digest: sha256(content) }).toEqual({ host, file, digest: digests[file] });
			}
			const { signatures } = await verify({
				message: await createMessage({ binary: manifest }),
				signature: await readSignature({ binarySignature: read("HashDigest.signed") }),
				verificationKeys: key,
				date: new Date(Date.now() + 1000),
			});
			await expect(signatures[0]?.verified).resolves.toBe(true);
			times.add(read("TimeStamp").toString());
		}
		expect(times.size).toBe(1);
		return hosts.length;
	}
}

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");
