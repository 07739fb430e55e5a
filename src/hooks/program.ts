import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How a hook failed, in a few words, and the last line that it said on standard error. */
export interface Failure {
	readonly outcome: "failed" | "timed-out";
	readonly detail: string;
	readonly said: string | undefined;
}

/** Bytes of its standard error that are kept. */
const KEPT = 4096;
/** Characters of its last line that are told. */
const TOLD = 200;
/** For what it wrote last to arrive, or for SIGKILL to do its work. */
const GRACE_MS = 500;
/** Nothing else of the caller's surroundings reaches a hook: there may be keys among it. */
const PASSED_ON = /^(PATH|HOME|USER|LOGNAME|LANG|LC_[A-Z]+|TZ|TMPDIR|XDG_[A-Z]+_HOME|TROCLA_CONFIG)$/;

/**
 * Runs a program without arguments, `input` on its standard input and its standard output thrown away, and waits for
 * it; gives how it failed, or nothing. What it has started in the background may live on.
 *
 * @param path - absolute; one that others could change is not run
 * @param env - is added to the few variables of the caller's that it gets
 * @param timeoutMs - then it is killed, with all that it has started in its process group
 */
export async function runHook(
	path: string,
	input: string,
	{ env, timeoutMs }: { env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<Failure | undefined> {
	const fault = hookFault(path);
	if (fault) return { outcome: "failed", detail: fault.message, said: undefined };
	const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED_ON.test(name)));
	let child: ChildProcess;
	try {
		child = spawn(path, [], { cwd: "/", env: { ...own, ...env }, detached: true, stdio: ["pipe", "ignore", "pipe"] });
	} catch (error) {
		return cannotStart(error as Error);
	}
	const stderr = keepEnd(child);
	// A hook may close its standard input unread.
	child.stdin?.on("error", () => {});
	child.stdin?.end(input);
	const timeout = new AbortController();
	try {
		const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
		const result = await Promise.race([ended, sleep(timeoutMs, undefined, { signal: timeout.signal })]);
		if (!result) {
			killGroup(child);
			await Promise.race([ended, grace()]);
			return { outcome: "timed-out", detail: `no end within ${timeoutMs / 1000} s`, said: lastLine(stderr.text()) };
		}
		const [code, signal] = result;
		if (code === 0) return undefined;
		await Promise.race([stderr.closed, grace()]);
		const detail = code === null ? `ended by ${signal}` : `exit code ${code}`;
		return { outcome: "failed", detail, said: lastLine(stderr.text()) };
	} catch (error) {
		return cannotStart(error as Error);
	} finally {
		timeout.abort();
		// What it left in the background may still have these, and must not keep this process from its end.
		child.stdin?.destroy();
		child.stderr?.destroy();
		child.unref();
	}
}

/** What keeps a program from being run as a hook, and what to do about it. */
export function hookFault(path: string): { readonly message: string; readonly mend: string } | undefined {
	let file: Stats;
	let directory: Stats;
	try {
		file = statSync(path);
		directory = statSync(dirname(path));
	} catch (error) {
		return { message: `can't be found: ${(error as Error).message}`, mend: "Mend its path in the configuration" };
	}
	if (!file.isFile()) return { message: `${path} is not a file`, mend: "Mend its path in the configuration" };
	if (!(file.mode & 0o111)) return { message: `${path} is not executable`, mend: `Run: chmod +x ${path}` };
	if (file.mode & 0o022) {
		return { message: `${path} can be changed by others, so it is not run`, mend: `Run: chmod go-w ${path}` };
	}
	if (directory.mode & 0o022 && !(directory.mode & 0o1000)) {
		return {
			message: `${path} can be replaced by others, so it is not run`,
			mend: `Run: chmod go-w ${dirname(path)}`,
		};
	}
	const me = process.getuid?.() ?? 0;
	if (file.uid !== 0 && file.uid !== me) {
		return { message: `${path} belongs to another user, so it is not run`, mend: `It must be yours, or root's` };
	}
	return undefined;
}

const grace = () => sleep(GRACE_MS, undefined, { ref: false });

function cannotStart(error: Error): Failure {
	return { outcome: "failed", detail: `can't be started: ${error.message}`, said: undefined };
}

/** Keeps the end of what a program writes to standard error. */
function keepEnd(child: ChildProcess): { text: () => string; closed: Promise<void> } {
	let end = Buffer.alloc(0);
	const closed = new Promise<void>((resolve) => {
		child.stderr?.on("data", (chunk: Buffer) => {
			end = Buffer.concat([end, chunk]).subarray(-KEPT);
		});
		child.stderr?.once("error", () => resolve());
		child.stderr?.once("close", () => resolve());
	});
	return { text: () => end.toString(), closed };
}

function lastLine(text: string): string | undefined {
	const lines = text.split(/[\r\n]+/).map((line) => line.replace(/\p{Cc}/gu, " ").trim());
	return lines.findLast((line) => line !== "")?.slice(0, TOLD);
}

function killGroup({ pid }: ChildProcess): void {
	if (pid === undefined) return;
	try {
		process.kill(-pid, "SIGKILL");
	} catch {
		// It has ended by itself, or runs as another user.
	}
}
