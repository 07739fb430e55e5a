import type { Program } from "../peers.js";
import { Etcd } from "./etcd.js";
import { mysqlStore } from "./mysql.js";
import { postgresStore } from "./postgres.js";
import { Redis } from "./redis.js";
import type { StoreServer } from "./store-server.js";
import { vaultStore } from "./vault.js";

/** Every kind of server that trocla keeps a store on: what has to be installed for it, and how one is started. */
export const storeServers: readonly {
	readonly name: string;
	readonly needs: readonly Program[];
	readonly start: () => Promise<StoreServer>;
}[] = [
	{ name: "PostgreSQL", needs: ["postgres"], start: postgresStore },
	{ name: "MariaDB", needs: ["mariadbd"], start: mysqlStore },
	{ name: "Redis", needs: ["redis-server"], start: () => Redis.start() },
	{ name: "etcd", needs: ["etcd"], start: () => Etcd.start() },
	{ name: "Vault", needs: [], start: vaultStore },
];
