import { openApi } from "../openapi.js";
import type { Receipts } from "../receipts.js";
import type { Resource } from "../resource.js";
import { batchResources } from "./batch.js";
import { type DaemonState, daemonResources } from "./daemon.js";
import { keyResources } from "./keys.js";
import { storeResources } from "./store.js";
import { troclapiResources } from "./troclapi.js";

/** All that the daemon answers, and the document that describes it. */
export function resources(state: DaemonState & { readonly receipts: Receipts }): readonly Resource[] {
	const described = [
		...keyResources(state.receipts),
		...batchResources,
		...storeResources,
		...troclapiResources,
		...daemonResources(state),
	];
	const document = openApi(described, state.version);
	return [
		...described,
		{
			method: "GET",
			path: "/openapi.json",
			summary: "This document",
			answer: { type: "object" },
			respond: async () => document,
		},
	];
}
