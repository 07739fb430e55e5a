import { randomUUID } from "node:crypto";

/** What may be done with which paths: `secret/data/trocla/*`. */
export type Policy = { readonly [path: string]: readonly string[] };

export interface AppRole {
	readonly secret: string;
	readonly policy: Policy;
	/** Of the tokens that it gives, in seconds. */
	readonly ttl: number;
	/** How often somebody may log in with it. */
	uses: number;
}

interface Token {
	readonly policy: Policy | "root";
	readonly ttl: number;
	readonly renewable: boolean;
	/** In milliseconds since the epoch. */
	ends: number;
	renewals: number;
}

/** What any token may do: the policy `default` of Vault's. */
const EVERYBODY: Policy = {
	"auth/token/lookup-self": ["read"],
	"auth/token/renew-self": ["update"],
	"sys/capabilities-self": ["update"],
};

/** Who may do what in a Vault, and for how long. */
export class Tokens {
	readonly roles = new Map<string, AppRole>();
	readonly #tokens = new Map<string, Token>();

	/** @param ttl - in seconds; without one it never ends */
	issue(policy: Policy | "root", ttl = 0, renewable = ttl > 0): string {
		const token = `hvs.${randomUUID()}`;
		const ends = ttl > 0 ? Date.now() + ttl * 1000 : Number.POSITIVE_INFINITY;
		this.#tokens.set(token, { policy, ttl, renewable, ends, renewals: 0 });
		return token;
	}

	revoke(token: string): void {
		this.#tokens.delete(token);
	}

	/** All but root's. */
	revokeAll(): void {
		for (const [token, { policy }] of this.#tokens) if (policy !== "root") this.#tokens.delete(token);
	}

	renewals(token: string): number {
		return this.#tokens.get(token)?.renewals ?? 0;
	}

	find(token: string | undefined): Token | undefined {
		const found = this.#tokens.get(token ?? "");
		return found && found.ends > Date.now() ? found : undefined;
	}

	lookup({ ttl, ends, renewable }: Token): unknown {
		return { ttl: ttl > 0 ? Math.floor((ends - Date.now()) / 1000) : 0, creation_ttl: ttl, renewable };
	}

	renew(token: string): unknown {
		const found = this.find(token);
		if (!found?.renewable) return undefined;
		found.ends = Date.now() + found.ttl * 1000;
		found.renewals++;
		return { client_token: token, lease_duration: found.ttl, renewable: true };
	}

	logIn(roleId: unknown, secretId: unknown): unknown {
		const role = this.roles.get(String(roleId));
		if (!role || role.secret !== secretId || role.uses < 1) return undefined;
		role.uses--;
		const client_token = this.issue(role.policy, role.ttl);
		return { client_token, lease_duration: role.ttl, renewable: role.ttl > 0 };
	}

	/** What a token may do with a path: by the rule that says most exactly which. */
	capabilities({ policy }: Token, path: string): readonly string[] {
		if (policy === "root") return ["root"];
		const rules = { ...EVERYBODY, ...policy };
		const exact = rules[path];
		if (exact) return exact;
		const [longest] = Object.keys(rules)
			.filter((rule) => rule.endsWith("*") && path.startsWith(rule.slice(0, -1)))
			.sort((a, b) => b.length - a.length);
		return (longest !== undefined && rules[longest]) || ["deny"];
	}

	/** Whether a token may do anything below a path. */
	reaches({ policy }: Token, mount: string): boolean {
		return policy === "root" || Object.keys(policy).some((rule) => rule.startsWith(mount));
	}
}
