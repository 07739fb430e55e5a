import type { Values } from "../../records/record.js";
import { ApiError, explain } from "../api-error.js";
import { answerAndRemove } from "../deliver.js";
import { handOut, type Order } from "../operations.js";
import type { Call } from "../resource.js";

/**
 * What an entry is answered with, whatever comes of it.
 *
 * @param work - gets what hears the entry's warnings
 */
export async function answered(
	entry: Entry,
	work: (warn: (message: string) => void) => Promise<object>,
): Promise<object> {
	const warnings: string[] = [];
	try {
		return withWarnings(succeeded(entry, await work((message) => warnings.push(message))), warnings);
	} catch (error) {
		return withWarnings(failed(entry, error), warnings);
	}
}

const withWarnings = (answer: object, warnings: readonly string[]) =>
	warnings.length > 0 ? { ...answer, warnings } : answer;

/** What an entry is about, which its answer repeats. */
type Entry = Pick<Order, "key"> & Partial<Pick<Order, "format">>;

const succeeded = ({ key, format }: Entry, answer: object) => ({ key, format, ...answer, success: true });
const failed = ({ key, format }: Entry, error: unknown) => ({ key, format, ...explain(error).failure });

/** Claims all that is asked for, writes one answer, and removes then what is in it. */
export async function removeAll(call: Call, orders: readonly Order[]): Promise<undefined> {
	let open = (_: Promise<void>) => {};
	const written = new Promise<void>((resolve) => {
		open = resolve;
	});
	const asked = new Set<string>();
	const removals = orders.map((order) => {
		const isFirst = !asked.has(order.key);
		asked.add(order.key);
		return isFirst ? remove(call, order, written) : refused(order);
	});
	await answerAndRemove(
		call.reply,
		async (write) => {
			open(write(await Promise.all(removals.map(({ answer }) => answer))));
			const done = await Promise.allSettled(removals.map(({ done }) => done));
			await written;
			for (const result of done) if (result.status === "rejected") throw result.reason;
		},
		call.failed,
	);
}

interface Removal {
	readonly answer: Promise<object>;
	/** Ends when the value is removed, or its claim undone. */
	readonly done: Promise<void>;
}

/** Two claims of one key would stand in each other's way. */
function refused(order: Order): Removal {
	const error = new ApiError(
		400,
		"invalid",
		`${JSON.stringify(order.key)} stands in this batch twice`,
		'The format "all" removes the whole key',
	);
	return { answer: Promise.resolve(failed(order, error)), done: Promise.resolve() };
}

function remove(call: Call, order: Order, written: Promise<void>): Removal {
	let claimed = (_: object) => {};
	const claim = new Promise<object>((resolve) => {
		claimed = resolve;
	});
	let isClaimed = false;
	const warnings: string[] = [];
	const warn = (message: string) => {
		if (isClaimed) call.warn(message);
		else warnings.push(message);
	};
	const deliver = async (values: Values) => {
		isClaimed = true;
		const { format } = order;
		claimed(succeeded(order, format === "all" ? { values } : { value: values[format] }));
		await written;
	};
	const done = (async () => {
		try {
			await call.client.demand("delete", order.key);
			await handOut({ ...call, warn }, { ...order, force: order.options.force === true }, deliver);
			// A damaged record, removed by force, has nothing to hand out.
			claimed(withWarnings(succeeded(order, { values: {} }), warnings));
		} catch (error) {
			if (isClaimed) throw error;
			claimed(failed(order, error));
		}
	})();
	return { answer: claim, done };
}
