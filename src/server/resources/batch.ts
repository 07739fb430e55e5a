import type { Options } from "../../records/record.js";
import { ApiError } from "../api-error.js";
import { create, type Desk, get, type Order, reset, set } from "../operations.js";
import type { Call, Resource } from "../resource.js";
import { batchAnswer, batchBody, type Schema } from "../schemas.js";
import { answered, removeAll } from "./batch-answers.js";

type BatchAction = "create" | "get" | "set" | "reset";

const work: { readonly [Action in BatchAction]: (desk: Desk, order: Order) => Promise<string> } = {
	create(desk, { options: { renew_before: renewBefore, ...options }, ...order }) {
		// The schema has seen it.
		return create(desk, { ...order, options, renewBefore: renewBefore as number | undefined });
	},
	get,
	reset,
	set(desk, { options: { value, raw = false, ...options }, ...order }) {
		// The schema has seen both.
		return set(desk, { ...order, options, value: String(value), raw: raw === true });
	},
};

const SUMMARIES: { readonly [Action in BatchAction]: string } = {
	create: "Many values, each the stored one or a new one",
	get: "Many stored values",
	set: "Store many passwords",
	reset: "Make many stored values anew",
};

const CREATE_ENTRY = { renew_before: { type: "integer", minimum: 0, description: "Seconds" } };
const SET_ENTRY = { value: { type: "string" }, raw: { type: "boolean" } };

const bodies: { readonly [Action in BatchAction]: Schema } = {
	create: batchBody(CREATE_ENTRY),
	get: batchBody(),
	set: batchBody(SET_ENTRY, ["value"]),
	reset: batchBody(),
};

const actions: readonly BatchAction[] = ["create", "get", "set", "reset"];

/** Many keys at once. Each entry is answered by itself, in their order. */
export const batchResources: readonly Resource[] = [
	...actions.map(
		(action): Resource => ({
			method: "POST",
			path: `/v1/${action}`,
			slash: true,
			summary: SUMMARIES[action],
			action,
			hasEntries: true,
			body: bodies[action],
			answer: batchAnswer,
			respond: async (call) =>
				await Promise.all(
					ordersOf(call).map((order) =>
						answered(order, async (warn) => {
							await call.client.demand(action, order.key);
							return { value: await work[action]({ ...call, warn }, order) };
						}),
					),
				),
		}),
	),
	{
		method: "POST",
		path: "/v1/delete",
		slash: true,
		summary: "Hand many values out, once: they are removed when the answer was written to the connection",
		action: "delete",
		hasEntries: true,
		body: batchBody({ force: { type: "boolean" } }),
		answer: batchAnswer,
		respond: async (call) => await removeAll(call, ordersOf(call)),
	},
];

/** What stands beside the entries goes for all of them, and an entry's own goes over it. */
function ordersOf({ body, limits: { batch: mostEntries } }: Call): Order[] {
	const { keys, ...shared } = body;
	// The schema has seen that it is a list of maps with a key, and maybe a format, that are texts.
	const entries = keys as readonly ({ readonly key: string; readonly format?: string } & Options)[];
	if (entries.length > mostEntries) {
		throw new ApiError(413, "too_large", `a batch of ${entries.length} entries`, `At most ${mostEntries} are taken`);
	}
	return entries.map((entry) => {
		const { key, format = "plain", ...options } = { ...shared, ...entry };
		return { key, format, options };
	});
}
