import { TroclaError } from "../errors.js";
import { shellWord } from "../input.js";
import { quote } from "../refusals.js";
import type { Claim, KeyRecord } from "./record.js";

/** Whether the process that claimed it lives, on this host, and works on it; of other hosts that can't be told. */
export type Claimant = "live" | "dead" | "elsewhere";

// The own pid tells nothing: in a container each process may have the same as the one that died before it.
const underWay = new Set<string>();

/** Does a hand-out's work, and has its claim count as that of a living process meanwhile. */
export async function underClaim<Result>({ id }: Claim, work: () => Promise<Result>): Promise<Result> {
	underWay.add(id);
	try {
		return await work();
	} finally {
		underWay.delete(id);
	}
}

/** Whether a format (`undefined` for any) is being handed out, or was by a process that died doing it. */
export function isClaimed({ claim }: KeyRecord, format: string | undefined): boolean {
	if (!claim) return false;
	return format === undefined || claim.format === "all" || claim.format === format;
}

export function claimant({ id, host, pid, abandoned }: Claim): Claimant {
	if (abandoned) return "dead";
	// Loading node:os takes 0.2 ms, and hardly any record is claimed.
	if (host !== process.getBuiltinModule("node:os").hostname()) return "elsewhere";
	return (pid === process.pid ? underWay.has(id) : isRunning(pid)) ? "live" : "dead";
}

/**
 * @param force - refuse it only where the process that claimed it is known to live: both would hand it out
 * @throws {TroclaError} `claimed` where a process is handing something of the record out, or died doing it
 */
export function refuseClaimed(key: string, record: KeyRecord, force = false): void {
	const { claim } = record;
	if (!claim) return;
	const state = claimant(claim);
	if (force && state !== "live") return;
	const who = `process ${claim.pid} on ${claim.host}`;
	const part = claim.format === "plain" ? "plaintext" : claim.format;
	const claimed = part === "all" ? quote(key) : `the ${part} of ${quote(key)}`;
	throw new TroclaError(
		"claimed",
		state === "dead"
			? `${claimed} was being handed out on ${claim.at} by ${who}, which ${fate(claim)}: someone may have seen it`
			: `${claimed} is being handed out by ${who} since ${claim.at}`,
		state === "live" ? patience(claim) : wayOut(key, record, claim),
	);
}

const fate = ({ abandoned }: Claim) => (abandoned ? "never heard whether it arrived" : "died");

/** A daemon tells it to clients, who are not to end the daemon. */
const patience = ({ pid }: Claim) =>
	pid === process.pid ? "Wait until that is done" : `Wait for it, or end process ${pid}`;

function wayOut(key: string, record: KeyRecord, { format }: Claim): string {
	const word = shellWord(key);
	const again = `If nobody got it: trocla delete --force ${word}${format === "all" ? "" : ` ${format}`}`;
	const isPlain = record.formats.plain && isClaimed(record, "plain");
	return isPlain ? `${again}. Otherwise: trocla reset ${word} plain` : again;
}

function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}
