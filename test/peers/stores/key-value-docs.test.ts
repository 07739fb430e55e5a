import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { missing, pathOf } from "../../support/peers.js";
import { cleanUp, run, Sandbox, TROCLA } from "../../support/sandbox.js";
import { replay } from "../../support/shown.js";
import { Etcd } from "../../support/stores/etcd.js";
import { Redis } from "../../support/stores/redis.js";

/** A section of docs/stores.md. */
function section(heading: string): string {
	const text = readFileSync(join(import.meta.dirname, "../../../docs/stores.md"), "utf8");
	const [, found = ""] = text.split(`\n## ${heading}\n`);
	return found.split("\n## ")[0] ?? "";
}

/** Does what an administrator does, whose program finds the server by these words. */
async function administer(text: string, program: "redis-cli" | "etcdctl", server: string): Promise<void> {
	const [, script = ""] = /^```sh\n(.*?)^```$/ms.exec(text) ?? [];
	const here = script.replace(new RegExp(`^${program}`, "gm"), `${pathOf(program)} ${server}`);
	const env = { PATH: process.env.PATH, ETCDCTL_API: "3" };
	expect(await run("sh", ["-ec", here], { env })).toMatchObject({ code: 0, stderr: "" });
}

/** Follows what trocla's user does, on a server that is here and has no certificate. */
async function follow(text: string, place: { readonly shown: string; readonly url: string }): Promise<number> {
	const sandbox = new Sandbox();
	const password = sandbox.path("password");
	writeFileSync(password, "correct-horse-battery\n", { mode: 0o600 });
	const [scheme = "", host = ""] = place.shown.split("//");
	const here = text
		.replaceAll(`${scheme}//trocla@${host}`, place.url.replace("//", "//trocla@"))
		.replaceAll(place.shown, place.url)
		.replace(/(?<=password_file: ).*/, password)
		.replace(/^ {2}ca: .*\n/m, "")
		.replaceAll("/etc/troclarc.yaml", sandbox.path("troclarc.yaml"));
	return await replay(here, { sandbox, trocla: TROCLA, user: [] });
}

test.skipIf(missing("redis-server", "redis-cli"))(
	"docs/stores.md leads from a Redis as it is installed to the first password",
	async () => {
		const redis = await Redis.start(["--appendonly", "no", "--appendfsync", "everysec"]);
		cleanUp(() => redis.stop());
		const text = section("Redis and Valkey");
		await administer(text, "redis-cli", `-e -s ${redis.socket}`);
		expect(await follow(text, { shown: "rediss://redis.example.com", url: redis.url })).toBe(3);
	},
);

test.skipIf(missing("etcd", "etcdctl"))("docs/stores.md leads from an empty etcd to the first password", async () => {
	const etcd = await Etcd.start();
	cleanUp(() => etcd.stop());
	const text = section("etcd");
	await administer(text, "etcdctl", `--endpoints ${etcd.url}`);
	expect(await follow(text, { shown: "https://etcd.example.com:2379", url: etcd.url })).toBe(3);
});
