import type { Values } from "../../records/record.js";
import { answerAndRemove } from "../deliver.js";
import { create, get, handOut, reset, set } from "../operations.js";
import type { Receipts } from "../receipts.js";
import type { Call, Resource } from "../resource.js";
import { doneAnswer, handOutAnswer, object, optionsBody, receiptBody, setBody, valueAnswer } from "../schemas.js";

const KEY = "/v1/key/:key";
const FORMAT = `${KEY}/:format`;

const order = ({ params: { key = "", format = "" } }: Call, options: { readonly [name: string]: unknown }) => ({
	key,
	format,
	options,
});

const answer = ({ params: { format = "" } }: Call, value: string) => ({ format, value, success: true });

const flag = { enum: ["true", "false"] };

const removal = (force: string) =>
	object({
		force: { ...flag, description: force },
		receipt: { ...flag, description: "Whether it is removed only when POST /v1/receipts/RECEIPT has confirmed it" },
	});

/** A key's formats, one at a time; as troclapi has them. */
export const keyResources = (receipts: Receipts): readonly Resource[] => [
	{
		method: "GET",
		path: FORMAT,
		summary: "The stored value; nothing is made",
		action: "get",
		query: object({ render: { type: "string", description: "The part of it, as certonly" } }),
		answer: valueAnswer,
		failures: [404, 409],
		respond: async (call) => answer(call, await get(call, order(call, call.query))),
	},
	{
		method: "POST",
		path: FORMAT,
		summary: "The value: the stored one, or a new one",
		action: "create",
		query: object({ renew_before: { type: "string", pattern: "^\\d{1,10}$", description: "Seconds" } }),
		body: optionsBody,
		bodyOptional: true,
		answer: valueAnswer,
		failures: [409, 422],
		async respond(call) {
			const { renew_before: before } = call.query;
			const renewBefore = before === undefined ? undefined : Number(before);
			return answer(call, await create(call, { ...order(call, call.body), renewBefore }));
		},
	},
	{
		method: "PUT",
		path: FORMAT,
		summary: "Store a password that you have",
		action: "set",
		body: setBody,
		answer: valueAnswer,
		failures: [422],
		async respond(call) {
			const { value, raw = false, ...options } = call.body;
			// The schema has seen both.
			return answer(call, await set(call, { ...order(call, options), value: String(value), raw: raw === true }));
		},
	},
	{
		method: "PATCH",
		path: FORMAT,
		summary: "Make a stored value anew",
		action: "reset",
		body: optionsBody,
		bodyOptional: true,
		answer: valueAnswer,
		failures: [409, 422],
		respond: async (call) => answer(call, await reset(call, order(call, call.body))),
	},
	{
		method: "DELETE",
		path: FORMAT,
		summary: "Hand the value out, once: it is removed when it was written to the connection",
		action: "delete",
		query: removal("Also where a process died while it handed it out"),
		answer: handOutAnswer,
		failures: [404, 409],
		respond: (call) => remove(call, call.params.format ?? "", receipts),
	},
	{
		method: "DELETE",
		path: KEY,
		summary: "Hand all values of the key out, and remove it",
		action: "delete",
		query: removal("Also where it is damaged, or a process died with it"),
		answer: handOutAnswer,
		failures: [404, 409],
		respond: (call) => remove(call, "all", receipts),
	},
	{
		method: "POST",
		path: "/v1/receipts/:receipt",
		summary: "Say whether what was handed out has arrived: then it is removed, and else it stays",
		action: "delete",
		body: receiptBody,
		answer: doneAnswer,
		failures: [404],
		async respond({ client, params: { receipt = "" }, body, warn }) {
			for (const warning of await receipts.settle(client.name, receipt, body.delivered === true)) warn(warning);
			return { success: true };
		},
	},
];

async function remove(call: Call, format: string, receipts: Receipts): Promise<unknown> {
	const { key = "" } = call.params;
	const told = (values: Values) =>
		format === "all" ? { values, success: true } : { format, value: values[format], success: true };
	const asked = { key, format, force: call.query.force === "true" };
	if (call.query.receipt === "true") {
		const { values, receipt } = await receipts.open(call, (deliver, warn) =>
			handOut({ ...call, warn }, asked, deliver),
		);
		return { ...told(values), ...(receipt !== undefined && { receipt }) };
	}
	const isAnswered = await answerAndRemove(
		call.reply,
		(write) => handOut(call, asked, (values) => write(told(values))),
		call.failed,
	);
	// A damaged record, removed by force, has nothing to hand out.
	return isAnswered ? undefined : told({});
}
