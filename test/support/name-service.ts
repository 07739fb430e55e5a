import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AccountFiles } from "../../src/accounts/account-files.js";
import { pathOf } from "./peers.js";
import { type Outcome, run } from "./sandbox.js";

/** @throws {Error} in CI, where nothing is skipped */
export function noMountNamespaces(): boolean {
	try {
		execFileSync(pathOf("unshare"), ["-m", "true"], { stdio: "ignore" });
		return false;
	} catch {
		if (process.env.CI) throw new Error("tests of name services need a mount namespace of their own: run them as root");
		return true;
	}
}

/**
 * Runs a script where a host's accounts are its own ones and these, which libnss-extrausers serves; they have their homes.
 * Nobody outside of it sees any of that. `$FILES` is the directory of the files.
 */
export async function withAccounts(files: AccountFiles, script: string, input: string | Buffer = ""): Promise<Outcome> {
	const directory = mkdtempSync(join(tmpdir(), "trocla-nss-"));
	try {
		chmodSync(directory, 0o755);
		const served = join(directory, "extrausers");
		mkdirSync(served);
		for (const [name, text] of Object.entries(files)) {
			writeFileSync(join(served, name), text, { mode: name.includes("shadow") ? 0o600 : 0o644 });
		}
		const services = ["passwd", "group", "shadow", "gshadow"].map((name) => `${name}: files extrausers\n`);
		writeFileSync(join(directory, "nsswitch.conf"), services.join(""), { mode: 0o644 });
		// Without the seconds that Debian's own waits after a wrong password.
		const pam = "auth required pam_unix.so nodelay\naccount required pam_unix.so\nsession required pam_permit.so\n";
		writeFileSync(join(directory, "pam"), pam, { mode: 0o644 });
		const lines = [
			"set -eu",
			'mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf',
			"FILES=/var/lib/extrausers",
			'mount --bind "$1/extrausers" "$FILES"',
			'mount --bind "$1/pam" /etc/pam.d/su',
			"mount -t tmpfs -o mode=755 tmpfs /home",
			"cut -d: -f6 $FILES/passwd | grep ^/home/ | tr '\\n' '\\0' | xargs -0r mkdir -p",
			script,
		];
		const args = ["-m", "--propagation", "private", "bash", "--norc", "-c", lines.join("\n"), "bash", directory];
		return await run(
			pathOf("unshare"),
			args,
			{ env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" } },
			input,
		);
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}
