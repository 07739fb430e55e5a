import type { HookFailure } from "./audit/audit.js";
import type { Config } from "./config/config.js";
import type { Change, StoreEvent } from "./records/change.js";

/** Hears of changes after they are stored. Nothing of this throws: what happened can't be undone. */
export interface Aftermath {
	/** Returns when the change is audited; hooks hear of it while the caller goes on. */
	readonly changed: (change: Change) => Promise<void>;
	/** Returns when what was done to the store as a whole is audited. */
	readonly noted: (event: StoreEvent) => Promise<void>;
	/** Waits for the hooks, and for what is not audited yet. */
	readonly settle: () => Promise<void>;
}

/**
 * What follows the changes of a store as its configuration says: the audit and the hooks, which are loaded when
 * there is something for them.
 *
 * @param program - what changes it, for the audit: `trocla get`
 */
export function aftermath(
	{ file: configFile, audit: file, hooks: paths }: Config,
	settings: { warn: (message: string) => void; program: string | undefined },
): Aftermath {
	const warn = (message: string) => {
		try {
			settings.warn(message);
		} catch {
			// Nobody is left to be told, least of all the caller, whose change is stored.
		}
	};
	const loadAudit = once(async () => {
		if (file === undefined) return undefined;
		const { Audit, identify } = await import("./audit/audit.js");
		return new Audit({ file, identity: identify(settings.program), now: () => new Date(), warn });
	});
	const loadHooks = once(async () => {
		if (paths === undefined) return undefined;
		const { Hooks } = await import("./hooks/hooks.js");
		const failed = async (failure: HookFailure) => await (await loadAudit())?.hookFailed(failure);
		return new Hooks({ paths, configFile, warn, failed });
	});
	let isUsed = false;
	return {
		async changed(change) {
			isUsed = true;
			await (await loadAudit())?.changed(change);
			(await loadHooks())?.changed(change);
		},
		async noted(event) {
			isUsed = true;
			await (await loadAudit())?.noted(event);
		},
		async settle() {
			if (!isUsed) return;
			await (await loadHooks())?.settle();
			await (await loadAudit())?.settle();
		},
	};
}

/** Audits what was done to a store as a whole by what did not open its records. */
export async function noteEvent(
	config: Config,
	settings: { warn: (message: string) => void; program: string | undefined },
	event: StoreEvent,
): Promise<void> {
	const { noted, settle } = aftermath(config, settings);
	await noted(event);
	await settle();
}

function once<Result>(load: () => Promise<Result>): () => Promise<Result> {
	let loading: Promise<Result> | undefined;
	return () => {
		loading ??= load();
		return loading;
	};
}
