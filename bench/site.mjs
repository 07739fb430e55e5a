// Sites to publish: Hiera's data, a file of facts for each host, and a store with the hashes of all users.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dump } from "js-yaml";
import { openDatabase } from "./keys.mjs";
import { NODE, TROCLA } from "./measure.mjs";

const ROLES = 20;
const ROLE_USERS = 10;
const BATCH = 2000;
const AT = "2026-11-22T00:00:00.000Z";
// RFC 8032's public key of test 1, as SSH writes it.
const KEY = "AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

/**
 * Writes a site of so many hosts and users in a directory, with a store that has every user's hash and the signing key.
 *
 * @param own - whether each role has ten users of its own, and each host one or two; else all hosts have the same
 * @param facts - whether each host's facts are as many as Puppet's, 40 kB, and not a line
 */
export async function makeSite(directory, env, { hosts, users, own = false, facts = false }) {
	const site = new SiteFiles(directory, { own, facts });
	mkdirSync(join(directory, "store"), { recursive: true, mode: 0o700 });
	writeFileSync(site.config, JSON.stringify(site.settings), { mode: 0o600 });
	site.writeHiera();
	site.writeCommon(users);
	const names = Array.from({ length: users }, (_, n) => `user${n}`);
	if (own) {
		for (let role = 0; role < ROLES; role++) names.push(...site.writeRole(role));
		for (let host = 0; host < hosts; host++) names.push(...site.writeHost(host));
	}
	for (let host = 0; host < hosts; host++) site.writeFacts(host);
	execFileSync(NODE, [TROCLA, "publish", "--init", "-c", site.config], { env, stdio: "pipe" });
	await fill(site.store, names);
	return site;
}

class SiteFiles {
	constructor(directory, { own, facts }) {
		this.directory = directory;
		this.config = join(directory, "troclarc.yaml");
		this.store = join(directory, "store/trocla.sqlite");
		this.tree = join(directory, "tree");
		this.own = own;
		this.facts = facts;
	}

	get settings() {
		return {
			store_options: { path: this.store },
			hiera: { config: join(this.directory, "hiera.yaml"), hosts: join(this.directory, "hosts") },
			publish: { tree: this.tree },
		};
	}

	/** The command that publishes it. */
	get command() {
		return [NODE, TROCLA, "publish", "--json", "-c", this.config];
	}

	writeHiera() {
		const paths = ["hosts/%{trusted.certname}.yaml", "roles/%{facts.role}.yaml", "common.yaml"];
		const hierarchy = paths.map((path) => ({ name: path, data_hash: "yaml_data", path }));
		this.#write("hiera.yaml", dump({ version: 5, hierarchy }));
	}

	/** @param gecos - what the last user's is */
	writeCommon(users, gecos = "") {
		const list = Array.from({ length: users }, (_, n) => user(`user${n}`, 100_000 + n, n === users - 1 ? gecos : ""));
		const merge = { merge: "deep" };
		this.#write("data/common.yaml", {
			lookup_options: { "accounts::users": merge, "accounts::groups": merge, "ibox::root_keys": { merge: "hash" } },
			"accounts::groups": { staff: { gid: 2000 }, admins: { gid: 2001 } },
			"accounts::users": Object.fromEntries(list),
			"ibox::root_keys": { root: { type: "ssh-ed25519", key: KEY } },
		});
	}

	writeRole(role, gecos = "") {
		const name = (n) => `role${role}user${n}`;
		const id = (n) => 1_000_000 + role * ROLE_USERS + n;
		const list = Array.from({ length: ROLE_USERS }, (_, n) => user(name(n), id(n), gecos));
		this.#write(`data/roles/role${role}.yaml`, { "accounts::users": Object.fromEntries(list) });
		return list.map(([name]) => name);
	}

	writeHost(host, gecos = "") {
		const list = Array.from({ length: 1 + (host % 2) }, (_, n) =>
			user(`host${host}user${n}`, 2_000_000 + 2 * host + n, gecos),
		);
		this.#write(`data/hosts/${hostName(host)}.yaml`, { "accounts::users": Object.fromEntries(list) });
		return list.map(([name]) => name);
	}

	/** @param uptime - a fact that no data hangs on */
	writeFacts(host, uptime = 1) {
		const name = hostName(host);
		const role = `role${host % ROLES}`;
		if (!this.facts) this.#write(`hosts/${name}.yaml`, dump({ role, uptime }));
		else {
			const values = dump({ name, values: { role, uptime, ...manyFacts(name) } }, { noRefs: true });
			this.#write(`hosts/${name}.yaml`, `--- !ruby/object:Puppet::Node::Facts\n${values}`);
		}
	}

	/** Gives a user another password, as `trocla set` would. */
	async setPassword(name, day) {
		const database = await openDatabase(this.store);
		await database.run("UPDATE keyv SET value = ? WHERE key = ?", passwordRow(name, day).reverse());
		await database.close();
	}

	#write(path, content) {
		const file = join(this.directory, path);
		mkdirSync(join(file, ".."), { recursive: true });
		writeFileSync(file, typeof content === "string" ? content : dump(content, { noRefs: true }));
	}
}

export const hostName = (host) => `www${String(host).padStart(6, "0")}.example.com`;

function user(name, uid, gecos) {
	const keys = { [`${name}@laptop`]: { type: "ssh-ed25519", key: KEY } };
	return [name, { uid, gid: "staff", gecos: gecos || `User ${uid}`, groups: ["admins"], keys }];
}

/** The names and shapes of what facter says of a server, to some 40 kB. */
function manyFacts(name) {
	const numbered = (prefix, count, make) =>
		Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}${n}`, make(n)]));
	const binding = (n) => ({ address: `10.0.${n}.7`, netmask: "255.255.255.0", network: `10.0.${n}.0` });
	return {
		clientcert: name,
		os: {
			family: "Debian",
			name: "Debian",
			release: { full: "12.5", major: "12", minor: "5" },
			selinux: { enabled: false },
		},
		memory: { system: { available_bytes: 16_123_456_789, capacity: "12.50%", total: "16.00 GiB" } },
		processors: { count: 32, models: Array(32).fill("Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz"), physicalcount: 2 },
		networking: {
			fqdn: name,
			interfaces: numbered("eth", 40, (n) => ({
				...binding(n),
				mac: "52:54:00:12:34:56",
				mtu: 1500,
				bindings: [binding(n)],
			})),
		},
		mountpoints: numbered("/srv/volume", 60, (n) => ({
			available_bytes: 123_456_789_012 + n,
			capacity: "48.12%",
			device: `/dev/mapper/vg0-volume${n}`,
			filesystem: "ext4",
			options: ["rw", "nosuid", "nodev", "relatime"],
			size_bytes: 268_435_456_000,
		})),
		disks: numbered("sd", 24, (n) => ({ model: "VIRTUAL DISK", size: "250.00 GiB", serial: `S${n}`, type: "ssd" })),
		packages: numbered("package", 300, (n) => `1.${n}.0-1+deb12u1`),
	};
}

function passwordRow(name, day) {
	const value = `$6$${`salt${day}`.padEnd(16, "x")}$${name.padEnd(86, "x")}`;
	const record = JSON.stringify({ v: 1, formats: { sha512crypt: { value, at: AT } } });
	return [`trocla:user_${name}`, JSON.stringify({ value: record })];
}

async function fill(path, names) {
	const database = await openDatabase(path);
	await database.exec("BEGIN");
	for (let first = 0; first < names.length; first += BATCH) {
		const rows = names.slice(first, first + BATCH).map((name) => passwordRow(name, 0));
		await database.run(`INSERT INTO keyv (key, value) VALUES ${rows.map(() => "(?, ?)").join(", ")}`, rows.flat());
	}
	await database.exec("COMMIT");
	await database.close();
}
