import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { TroclaError } from "./errors.js";
import { valuesOf, without } from "./records/changes.js";
import { isClaimed, refuseClaimed, underClaim } from "./records/claims.js";
import type { Claim, Values } from "./records/record.js";
import type { RecordStore } from "./records/store.js";
import { notFound, quote } from "./refusals.js";
import { removeAgain, Unconfirmed, undelivered } from "./undelivered.js";

export interface HandOut {
	readonly key: string;
	/** `undefined` for all that is stored. */
	readonly format: string | undefined;
	readonly force: boolean;
	readonly now: () => Date;
	readonly warn: (message: string) => void;
}

/**
 * Claim, deliver, remove: each a compare-and-set of its own, so that of several at once one delivers, and whatever
 * happens in between the values are either delivered or still stored.
 */
export async function handOut(
	records: RecordStore,
	{ key, format, force, now, warn }: HandOut,
	deliver: (values: Values) => void | Promise<void>,
): Promise<void> {
	const claim = {
		id: randomUUID(),
		format: format ?? "all",
		host: hostname(),
		pid: process.pid,
		at: now().toISOString(),
	};
	await underClaim(claim, async () => {
		const values = await records.change(key, "hand-out", async (record) => {
			const values = valuesOf(record, format);
			if (!record || !values) throw notFound(key, format);
			// A store whose connection was lost may have done what it said that it had not.
			if (record.claim?.id === claim.id) return { result: values };
			// There is one claim, and that of a plaintext is not to get lost for a hash's.
			const covers = format === undefined || format === "plain" || !isClaimed(record, "plain");
			refuseClaimed(key, record, force && covers);
			return { result: values, write: { ...record, claim } };
		});
		const again = removeAgain(key, format);
		await deliverOrUnclaim(records, key, { claim, values, again }, deliver);
		const removed = await remove(records, key, claim.id, values, now).catch((error: Error) => {
			throw new TroclaError(
				error instanceof TroclaError ? error.code : "store",
				`${quote(key)} was handed out, but is still stored: ${error.message}`,
				`Mend that, then remove it with: ${again}`,
				error,
			);
		});
		if (!removed) warn(`${quote(key)} was changed while it was handed out: what was delivered may be out of date`);
	});
}

async function deliverOrUnclaim(
	records: RecordStore,
	key: string,
	{ claim, values, again }: { claim: Claim; values: Values; again: string },
	deliver: (values: Values) => void | Promise<void>,
): Promise<void> {
	try {
		await deliver(values);
	} catch (error) {
		const isUnknown = error instanceof Unconfirmed;
		const settled = isUnknown ? abandon(records, key, claim.id) : unclaim(records, key, claim.id);
		await settled.catch((fault) => {
			throw undelivered({ key, values, error, fault, again });
		});
		throw undelivered({ key, values, error, again });
	}
}

async function unclaim(records: RecordStore, key: string, id: string): Promise<void> {
	await records.change(key, "hand-out", async (record) => {
		if (record?.claim?.id !== id) return { result: undefined };
		const { claim: _, ...unclaimed } = record;
		return { result: undefined, write: unclaimed };
	});
}

/** Nobody is to wait for the process that claimed it, which may live for months. */
async function abandon(records: RecordStore, key: string, id: string): Promise<void> {
	await records.change(key, "hand-out", async (record) => {
		if (record?.claim?.id !== id) return { result: undefined };
		return { result: undefined, write: { ...record, claim: { ...record.claim, abandoned: true } } };
	});
}

/** Whether the claim still held; without it somebody changed the key, and what is stored now is not ours to remove. */
function remove(records: RecordStore, key: string, id: string, values: Values, now: () => Date): Promise<boolean> {
	return records.change(key, "hand-out", async (record) => {
		if (record?.claim?.id !== id) return { result: false };
		return { result: true, write: without(record, values, now()) };
	});
}
