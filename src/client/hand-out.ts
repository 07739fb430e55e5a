import { TroclaError } from "../errors.js";
import type { Values } from "../records/record.js";
import { quote } from "../refusals.js";
import { removeAgain, undelivered } from "../undelivered.js";
import { isMap } from "../value.js";
import type { Connection } from "./connection.js";
import { noDaemon } from "./faults.js";

export interface HandOutAsked {
	readonly key: string;
	/** `all` for the whole key. */
	readonly format: string;
	/** Of the resource, with its query. */
	readonly path: string;
}

/**
 * Takes values for a receipt, delivers them, and confirms the receipt: the daemon removes them then. Until then they are
 * claimed and stored.
 */
export async function handOut(
	connection: Connection,
	{ key, format, path }: HandOutAsked,
	deliver: (values: Values) => void | Promise<void>,
): Promise<void> {
	const again = removeAgain(key, format === "all" ? undefined : format);
	// The daemon takes it for gone where this connection ends.
	const through = connection.own();
	const settle = async (receipt: string, delivered: boolean) => {
		const to = `/v1/receipts/${encodeURIComponent(receipt)}`;
		await connection.ask({ method: "POST", path: to, body: { delivered }, through });
	};
	try {
		const answer = await connection.ask({ method: "DELETE", path, through });
		if (!isMap(answer)) throw noDaemon(connection.place, 200);
		const { receipt } = answer;
		// A damaged record, removed by force, has nothing to hand out.
		if (typeof receipt !== "string") return;
		const values = valuesOf(answer);
		try {
			await deliver(values);
		} catch (error) {
			await settle(receipt, false).catch((fault) => {
				throw undelivered({ key, values, error, fault, again });
			});
			throw undelivered({ key, values, error, again });
		}
		await settle(receipt, true).catch((error: Error) => {
			throw unsettled(key, error, again);
		});
	} finally {
		through.destroy();
	}
}

/** The values of an answer, by format. */
export function valuesOf(answer: { readonly [name: string]: unknown }): Values {
	const { values, format, value } = answer;
	const all = isMap(values) ? values : { [String(format)]: value };
	return Object.fromEntries(Object.entries(all).map(([name, text]) => [name, String(text)]));
}

/** What was delivered, and may still be stored. */
function unsettled(key: string, error: Error, again: string): TroclaError {
	const isAnswered = error instanceof TroclaError && error.code !== "server";
	const what = isAnswered ? "but is still stored" : "and whether it is still stored can't be told";
	return new TroclaError(
		error instanceof TroclaError ? error.code : "server",
		`${quote(key)} was handed out, ${what}: ${error.message}`,
		`Where it is still stored, remove it with: ${again}`,
		error,
	);
}
