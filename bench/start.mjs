// What a command costs that has hardly anything to do: this is what every Puppet run pays for, once a password.
import { chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fillStore, keyName } from "./keys.mjs";
import { byTurns, inSandbox, NODE, row, runProgram, TROCLA } from "./measure.mjs";

const ROUNDS = 100;
const MANY = 1_000_000;
const NOBODY = 65534;

export async function run() {
	return await inSandbox(async ({ directory, config, env }) => {
		// Without a configuration root's store is in /var/lib, which is no place for a benchmark: be nobody there.
		const user = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
		const atHome = { ...env, HOME: join(tmpdir(), `${basename(directory)}-nobody`) };
		mkdirSync(atHome.HOME, { mode: 0o700 });
		chownSync(atHome.HOME, user.uid ?? process.getuid(), user.gid ?? process.getgid());
		const store = (name, keys) => {
			mkdirSync(join(directory, name), { mode: 0o700 });
			const file = join(directory, `${name}.yaml`);
			writeFileSync(file, `store_options:\n  path: ${name}/trocla.sqlite\n`, { mode: 0o600 });
			return fillStore(join(directory, name, "trocla.sqlite"), keys).then(() => file);
		};
		const one = await store("one", 1);
		const many = await store("many", MANY);

		const get = (key, ...flags) => [NODE, TROCLA, "get", key, "plain", ...flags];
		const nothing = () => runProgram([NODE, "-e", "0"], env);
		const [node, withConfig, plain, version, ofOne, ofMany] = await byTurns(ROUNDS, [
			nothing,
			() => runProgram(get("alice", "-c", config), env),
			() => runProgram(get("alice"), atHome, user),
			() => runProgram([NODE, TROCLA, "--version"], env),
			() => runProgram(get(keyName(0), "-c", one), env),
			(round) => runProgram(get(keyName((round * 7919 * 101) % MANY), "-c", many), env),
		]).finally(() => rmSync(atHome.HOME, { recursive: true, force: true }));
		return [
			row("cached get, without a configuration", "node -e 0", plain, node),
			row("cached get, with a configuration", "node -e 0", withConfig, node),
			row("trocla --version", "node -e 0", version, node),
			row("get at 1,000,000 keys", "get at one key", ofMany, ofOne),
		];
	});
}
