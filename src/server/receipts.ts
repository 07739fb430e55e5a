import { randomBytes } from "node:crypto";
import { TroclaError } from "../errors.js";
import type { Values } from "../records/record.js";
import { isUndone, Unconfirmed } from "../undelivered.js";
import { ApiError } from "./api-error.js";
import type { Call } from "./resource.js";

/** Of all clients at a time: each keeps a key from others. */
const MOST = 256;
const MOST_OF_A_CLIENT = 64;

/** What was handed out, and what settles it. */
export interface Receipt {
	readonly values: Values;
	/** 256 random bits; absent where there was nothing to hand out. */
	readonly receipt?: string;
}

/** A hand-out: it takes the values to `deliver`, and what is to be told of it to `warn`. */
type Work = (deliver: (values: Values) => Promise<void>, warn: (message: string) => void) => Promise<void>;

interface Waiting {
	readonly client: string;
	readonly settle: (delivered: boolean) => Promise<readonly string[]>;
}

/**
 * Hand-outs whose client is to say whether the values arrived. Until then they are claimed, and stored. What the client
 * declines is not claimed any more. Of what it never tells (it is gone, or too slow, or the daemon ends) nobody knows whether
 * someone has seen it: the claim stays, as that of a process that died.
 */
export class Receipts {
	readonly #waiting = new Map<string, Waiting>();

	/**
	 * Claims values, and gives them; the hand-out goes on behind it.
	 *
	 * @throws {ApiError} `too_many`
	 * @throws {TroclaError} what `work` throws before there are values
	 */
	async open(call: Call, work: Work): Promise<Receipt> {
		this.#refuseTooMany(call);
		const id = randomBytes(32).toString("base64url");
		const settlement = new Settlement(call);
		let claimed: (values: Values) => void = () => {};
		const claim = new Promise<Values>((resolve) => {
			claimed = resolve;
		});
		let warn = call.warn;
		const warnings: string[] = [];
		const done = work(
			async (values) => {
				settlement.begin();
				// What is told from now on goes with the receipt's answer.
				warn = (message) => void warnings.push(message);
				claimed(values);
				await settlement.confirmed;
			},
			(message) => warn(message),
		).finally(() => {
			settlement.end();
			this.#waiting.delete(id);
		});
		this.#waiting.set(id, {
			client: call.client.name,
			async settle(delivered) {
				settlement.settle(delivered);
				await done.catch((error: unknown) => {
					if (delivered || !isUndone(error)) throw error;
				});
				return warnings;
			},
		});
		const values = await Promise.race([claim, done]);
		// A damaged record, removed by force, has nothing to hand out.
		if (!values) return { values: {} };
		done.catch((error: unknown) => {
			if (!settlement.isTold) call.failed(error);
		});
		return { values, receipt: id };
	}

	/**
	 * Ends a hand-out, and gives what is to be told of it.
	 *
	 * @throws {TroclaError} `not_found` for what is none of this client's, or none any more
	 */
	async settle(client: string, id: string, delivered: boolean): Promise<readonly string[]> {
		const waiting = this.#waiting.get(id);
		if (waiting?.client === client) return await waiting.settle(delivered);
		const hint = "It came too late, or was settled before: trocla show KEY tells whether the values are still stored";
		throw new TroclaError("not_found", "no hand-out waits for this receipt", hint);
	}

	#refuseTooMany({ client: { name }, reply }: Call): void {
		const own = [...this.#waiting.values()].filter(({ client }) => client === name).length;
		if (own < MOST_OF_A_CLIENT && this.#waiting.size < MOST) return;
		reply.header("retry-after", "1");
		throw new ApiError(429, "too_many", "too many hand-outs wait for their receipts", "Wait until they are settled");
	}
}

/** Whether one hand-out arrived, as far as that is told in time. */
class Settlement {
	readonly confirmed: Promise<void>;
	readonly #call: Call;
	#isTold = false;
	#wasAnswered = false;
	#resolve = () => {};
	#reject: (error: Error) => void = () => {};
	#slow: NodeJS.Timeout | undefined;

	constructor(call: Call) {
		this.#call = call;
		this.confirmed = new Promise((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = reject;
		});
		// It may end before anybody waits for it.
		this.confirmed.catch(() => {});
	}

	/** Whether the client has told it. */
	get isTold(): boolean {
		return this.#isTold;
	}

	/** @throws {ApiError} `undelivered` where nobody is there any more to be answered */
	begin(): void {
		const { reply, limits } = this.#call;
		const { socket } = reply.request.raw;
		if (reply.sent || socket.destroyed) throw gone();
		// One connection may have many receipts, of which Node would warn as of a leak.
		socket.setMaxListeners(0);
		socket.once("close", this.#gone);
		// Of a connection that its other side has closed, Node says that all was written.
		reply.raw.once("finish", () => {
			this.#wasAnswered = !socket.destroyed;
		});
		this.#slow = setTimeout(() => {
			this.#reject(new Unconfirmed(`the client did not say within ${limits.receipt} s whether it has it`));
		}, limits.receipt * 1000);
	}

	settle(delivered: boolean): void {
		this.#isTold = true;
		if (delivered) this.#resolve();
		else this.#reject(new Error("the client could not deliver it"));
	}

	end(): void {
		clearTimeout(this.#slow);
		this.#call.reply.request.raw.socket.off("close", this.#gone);
	}

	readonly #gone = () => {
		this.#reject(
			this.#wasAnswered ? new Unconfirmed("the client has gone, and did not say whether it has it") : gone(),
		);
	};
}

const gone = () => new ApiError(503, "undelivered", "the client has gone");
