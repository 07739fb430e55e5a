/** An answer of an engine; without `data` it is empty. */
export interface Answer {
	readonly status: number;
	readonly data?: unknown;
	readonly errors?: readonly string[];
	readonly warnings?: readonly string[];
}

export interface KvRequest {
	readonly method: string;
	/** Below the mount. */
	readonly path: string;
	readonly isList: boolean;
	readonly version: number;
	readonly body: { readonly [name: string]: unknown };
}

interface Version {
	readonly created: string;
	deleted: string;
	destroyed: boolean;
}

interface Secret {
	readonly versions: Map<number, Version>;
	readonly settings: { [name: string]: unknown };
	current: number;
	oldest: number;
	updated: string;
}

const UNLESS_TOLD = 10;
const NOTHING: Answer = { status: 204 };
const NOT_FOUND: Answer = { status: 404, errors: [] };

/**
 * A secrets engine of KV version 2, by the documented API
 * (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2, https://openbao.org/api-docs/secret/kv/kv-v2/).
 */
export class Kv2 {
	readonly config = { max_versions: 0, cas_required: false, delete_version_after: "0s" };
	/** The largest version that is stored, in bytes, as the storage below has it. */
	largest = Number.POSITIVE_INFINITY;
	readonly #secrets = new Map<string, Secret>();
	readonly #storage = new Map<string, unknown>();

	/** Whether a secret has metadata, which is what tells creating from updating. */
	has(path: string): boolean {
		return this.#secrets.has(path.replace(/^\w+\//, ""));
	}

	/** All that is kept of any version, as JSON. */
	get storage(): string {
		return JSON.stringify([...this.#storage.values()]);
	}

	handle(request: KvRequest): Answer {
		const { method, path, body } = request;
		const [, kind = "", name = ""] = /^([^/]*)\/?(.*)$/s.exec(path) ?? [];
		if (kind === "config") return this.#configure(method, body);
		if (kind === "metadata" && request.isList) return this.#list(name);
		const writes = method === "POST" || method === "PUT";
		if (kind === "data" && method === "GET") return this.#read(name, request.version);
		if (kind === "data" && writes) return this.#write(name, body);
		if (kind === "data" && method === "DELETE") return this.#each(name, [this.#secrets.get(name)?.current], remove);
		if (kind === "delete" && writes) return this.#each(name, body.versions, remove);
		if (kind === "undelete" && writes) return this.#each(name, body.versions, (version) => (version.deleted = ""));
		if (kind === "destroy" && writes) return this.#destroy(name, body.versions);
		if (kind === "metadata" && method === "GET") return this.#metadata(name);
		if (kind === "metadata" && writes) return this.#describe(name, body);
		if (kind === "metadata" && method === "DELETE") return this.#forget(name);
		return { status: 404, errors: [], warnings: ["Invalid path for a versioned K/V secrets engine."] };
	}

	#configure(method: string, body: KvRequest["body"]): Answer {
		if (method === "GET") return { status: 200, data: this.config };
		Object.assign(this.config, body);
		return NOTHING;
	}

	#list(folder: string): Answer {
		const prefix = folder === "" || folder.endsWith("/") ? folder : `${folder}/`;
		const below = [...this.#secrets.keys()].filter((name) => name.startsWith(prefix));
		const keys = new Set(below.map((name) => name.slice(prefix.length).replace(/\/.*$/s, "/")));
		return keys.size === 0 ? NOT_FOUND : { status: 200, data: { keys: [...keys].sort() } };
	}

	#read(name: string, asked: number): Answer {
		const secret = this.#secrets.get(name);
		const number = asked > 0 ? asked : (secret?.current ?? 0);
		const version = secret?.versions.get(number);
		if (!secret || !version) return NOT_FOUND;
		const metadata = { ...shown(number, version), custom_metadata: secret.settings.custom_metadata ?? null };
		const isGone = version.destroyed || (version.deleted !== "" && version.deleted <= new Date().toISOString());
		if (isGone) return { status: 404, data: { data: null, metadata } };
		return { status: 200, data: { data: this.#storage.get(`${name}|${number}`), metadata } };
	}

	#write(name: string, { data, options }: KvRequest["body"]): Answer {
		if (name === "") return { status: 400, errors: ["missing path"] };
		if (typeof data !== "object" || data === null) return { status: 400, errors: ["no data provided"] };
		const secret = this.#secrets.get(name) ?? newSecret();
		const { cas } = (options ?? {}) as { cas?: unknown };
		if (cas === undefined && (this.config.cas_required || secret.settings.cas_required === true)) {
			return { status: 400, errors: ["check-and-set parameter required for this call"] };
		}
		if (cas !== undefined && cas !== secret.current) {
			return { status: 400, errors: ["check-and-set parameter did not match the current version"] };
		}
		const size = Buffer.byteLength(JSON.stringify(data));
		if (size > this.largest) {
			const why = `put failed due to value being too large; got ${size} bytes, max: ${this.largest} bytes`;
			return { status: 500, errors: [`1 error occurred:\n\t* ${why}\n\n`] };
		}
		this.#secrets.set(name, secret);
		secret.current++;
		secret.updated = new Date().toISOString();
		const version = { created: secret.updated, deleted: "", destroyed: false };
		secret.versions.set(secret.current, version);
		this.#storage.set(`${name}|${secret.current}`, data);
		this.#dropOldest(name, secret);
		return { status: 200, data: shown(secret.current, version) };
	}

	/** Of the mount's and the secret's number of versions the larger one counts. */
	#dropOldest(name: string, secret: Secret): void {
		const kept = Math.max(Number(secret.settings.max_versions ?? 0), this.config.max_versions) || UNLESS_TOLD;
		if (secret.current - secret.oldest < kept) return;
		const last = secret.current - kept;
		for (let number = secret.oldest; number <= last; number++) {
			secret.versions.delete(number);
			this.#storage.delete(`${name}|${number}`);
		}
		secret.oldest = last + 1;
	}

	#each(name: string, numbers: unknown, change: (version: Version) => unknown): Answer {
		if (!Array.isArray(numbers) || numbers.length === 0) return { status: 400, errors: ["no version number provided"] };
		for (const number of numbers) {
			const version = this.#secrets.get(name)?.versions.get(number);
			if (version && !version.destroyed) change(version);
		}
		return NOTHING;
	}

	#destroy(name: string, numbers: unknown): Answer {
		const answer = this.#each(name, numbers, (version) => (version.destroyed = true));
		for (const number of Array.isArray(numbers) ? numbers : []) this.#storage.delete(`${name}|${number}`);
		return answer;
	}

	#metadata(name: string): Answer {
		const secret = this.#secrets.get(name);
		if (!secret) return NOT_FOUND;
		const { current, oldest, updated, settings } = secret;
		const versions = Object.fromEntries(
			[...secret.versions].map(([number, version]) => [number, shown(number, version)]),
		);
		const data = { current_version: current, oldest_version: oldest, updated_time: updated, ...settings, versions };
		return { status: 200, data };
	}

	#describe(name: string, body: KvRequest["body"]): Answer {
		const secret = this.#secrets.get(name) ?? newSecret();
		Object.assign(secret.settings, body);
		this.#secrets.set(name, secret);
		return NOTHING;
	}

	#forget(name: string): Answer {
		for (const number of this.#secrets.get(name)?.versions.keys() ?? []) this.#storage.delete(`${name}|${number}`);
		this.#secrets.delete(name);
		return NOTHING;
	}
}

function newSecret(): Secret {
	return { versions: new Map(), settings: {}, current: 0, oldest: 0, updated: new Date().toISOString() };
}

function remove(version: Version): void {
	if (version.deleted === "") version.deleted = new Date().toISOString();
}

function shown(number: number, { created, deleted, destroyed }: Version) {
	return { version: number, created_time: created, deletion_time: deleted, destroyed };
}
