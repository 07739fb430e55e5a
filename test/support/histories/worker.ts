// A process of a recorded history: asks this and that of a few keys until its standard input ends, and says when it
// asked what, and what came of it, each in a line of JSON. Arguments: the library, the configuration, its number and the
// keys, then how many milliseconds it rests between two calls.
import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { openTrocla, Trocla, TroclaError, Values } from "../../../src/index.js";
import type { Answer, Call, Format, Password, Seen } from "./operation.js";

const [library = "", config = "", number = "", keyList = "", rest = ""] = process.argv.slice(2);
const keys = keyList.split(",");
/** Claims are told apart by processes, so each of several calls at once has a store of its own, with its own warnings. */
const AT_ONCE = 2;
const FORMATS = ["plain", "mysql", "ssha"] as const;

let ended = Number(rest) === 0;
process.stdin.on("end", () => {
	ended = true;
});
process.stdin.resume();

const open = ((await import(library)) as { openTrocla: typeof openTrocla }).openTrocla;
let asked = Number(number) * 1_000_000;

/** The password as a mysql hash tells it (MariaDB's knowledge base, "mysql_native_password"). */
function passwordOf(plain: string): Password {
	const sha1 = (bytes: string | Buffer) => createHash("sha1").update(bytes).digest();
	return `*${sha1(sha1(plain)).toString("hex").toUpperCase()}`;
}

const seenAs = (format: string, value: string) => (format === "plain" ? passwordOf(value) : value);

const seen = (values: Values): Seen =>
	Object.fromEntries(Object.entries(values).map(([format, value]) => [format, seenAs(format, value)]));

function begin(key: string, call: Call): (answer: Answer, message?: string) => void {
	const id = asked++;
	const from = process.hrtime.bigint();
	writeSync(1, `${JSON.stringify({ id, key, call, from: String(from) })}\n`);
	return (answer, message) => {
		const to = process.hrtime.bigint();
		writeSync(1, `${JSON.stringify({ id, answer, message, to: String(to) })}\n`);
	};
}

function failed(error: TroclaError): [Answer, string] {
	const { code, message } = error;
	return code === "claimed" || code === "no_plaintext" || code === "not_found"
		? [{ refused: code }, message]
		: ["unknown", `${code}: ${message}`];
}

async function ask(key: string, call: Call, answer: () => Promise<Answer>): Promise<void> {
	const end = begin(key, call);
	await answer().then(end, (error) => end(...failed(error)));
}

const any = <Item>(items: readonly Item[]) => items[Math.floor(Math.random() * items.length)] as Item;

class Client {
	readonly #trocla: Trocla;
	readonly #warnings: string[];

	/** Opens the store, also where the server is away for longer than that takes. */
	static async open(tries = 10): Promise<Client> {
		const warnings: string[] = [];
		try {
			return new Client(await open({ config, warn: (message) => warnings.push(message) }), warnings);
		} catch (error) {
			if (tries === 0) throw error;
			return await Client.open(tries - 1);
		}
	}

	private constructor(trocla: Trocla, warnings: string[]) {
		this.#trocla = trocla;
		this.#warnings = warnings;
	}

	async untilEnded(): Promise<void> {
		while (!ended) {
			await this.#askSomething(any(keys));
			await wait(Math.random() * 2 * Number(rest));
		}
		for (const key of keys) for (const format of FORMATS) await this.#peek(key, format);
		await this.#trocla.close();
	}

	async #askSomething(key: string): Promise<void> {
		const dice = Math.random();
		if (dice < 0.3) await this.#make("get", key, any(["plain", "plain", "mysql", "ssha"]));
		else if (dice < 0.45) await this.#peek(key, any(FORMATS));
		else if (dice < 0.6) await this.#set(key);
		else if (dice < 0.75) await this.#make("reset", key, any(["plain", "plain", "mysql", "ssha"]));
		else if (dice < 0.85) await this.#delete(key, any([...FORMATS, "all"]));
		else await this.#handOut(key);
	}

	#make(what: "get" | "reset", key: string, format: Format): Promise<void> {
		return ask(key, { do: what, format }, async () => ({
			value: seenAs(format, await this.#trocla[what](key, format)),
		}));
	}

	#peek(key: string, format: Format): Promise<void> {
		return ask(key, { do: "peek", format }, async () => {
			const value = await this.#trocla.peek(key, format);
			return { value: value === undefined ? null : seenAs(format, value) };
		});
	}

	#set(key: string): Promise<void> {
		const plain = `set by ${asked}`;
		return ask(key, { do: "set", plain: passwordOf(plain) }, async () => {
			await this.#trocla.set(key, "plain", plain);
			return { done: "done" };
		});
	}

	#delete(key: string, format: Format | "all"): Promise<void> {
		return ask(key, { do: "delete", format }, async () => {
			const values = await this.#trocla.delete(key, format);
			return values ? { deleted: seen(values) } : { value: null };
		});
	}

	async #handOut(key: string): Promise<void> {
		const claim = asked;
		let end = begin(key, { do: "claim" });
		this.#warnings.length = 0;
		let delivered = false;
		try {
			await this.#trocla.handOut(key, (values) => {
				end({ value: seen(values).plain ?? null });
				delivered = true;
				const arrives = Math.random() < 0.7;
				end = begin(key, { do: arrives ? "remove" : "unclaim", claim });
				if (!arrives) throw new Error("nobody is there");
			});
			end({ done: this.#warnings.length > 0 ? "stale" : "done" });
		} catch (error) {
			const { code, message } = error as TroclaError;
			const undone = delivered && code === "undelivered" && !message.includes("nor could its claim be undone");
			if (undone) end({ done: "done" });
			else if (delivered) end("unknown", `${code}: ${message}`);
			else end(...failed(error as TroclaError));
		}
	}
}

const clients = await Promise.all(Array.from({ length: AT_ONCE }, () => Client.open()));
await Promise.all(clients.map((client) => client.untilEnded()));
process.exit();
