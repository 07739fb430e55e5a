// What a new key costs with its hash, beside the programs that only hash.
import { byTurns, inSandbox, NODE, row, runProgram, TROCLA } from "./measure.mjs";

const ROUNDS = 60;

export async function run() {
	return await inSandbox(async ({ config, env }) => {
		const [node, fresh, mkpasswd, openssl] = await byTurns(ROUNDS, [
			() => runProgram([NODE, "-e", "0"], env),
			(round) => runProgram([NODE, TROCLA, "get", `fresh_${round}`, "sha512crypt", "-c", config], env),
			() => runProgram(["mkpasswd", "-m", "sha512crypt", "a password"], env),
			() => runProgram(["openssl", "passwd", "-6", "a password"], env),
		]);
		return [
			row("get of a new key's sha512crypt", "node -e 0", fresh, node),
			row("get of a new key's sha512crypt", "mkpasswd -m sha512crypt", fresh, mkpasswd),
			row("get of a new key's sha512crypt", "openssl passwd -6", fresh, openssl),
		];
	});
}
