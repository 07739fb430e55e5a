import { FaultyData } from "../src/publish/faults.js";
import type { Publication } from "../src/publish/publish.js";
import { TreeBusy } from "../src/publish/tree/tree-lock.js";
import type { Failure, Round } from "../src/publish/watch/round.js";
import type { Context } from "./context.js";
import { explain } from "./explain.js";
import { tell } from "./output.js";
import { describePublication, remarks, tellFaults } from "./publish-report.js";

/** So many runs in a row another one may have the tree before anybody is told: a publication by hand takes its time. */
const PATIENCE = 4;

/** Tells what the runs of a watch do: each thing once, as long as it stays the same. */
export class RoundTeller {
	readonly #context: Context;
	/** What was said since the last publication, and before it. */
	#said = new Set<string>();
	#saidBefore = new Set<string>();
	#failure: string | undefined;
	#busy = 0;
	#hasPublished = false;

	constructor(context: Context) {
		this.#context = context;
	}

	readonly warn = (message: string): void => this.#say(`warning: ${message}`);

	tell(round: Round): void {
		this.#busy = round.kind === "failed" && round.error instanceof TreeBusy ? this.#busy + 1 : 0;
		if (round.kind === "failed") {
			if (this.#busy === 0 || this.#busy === PATIENCE) this.#fail(round);
			return;
		}
		const hadFailed = this.#failure !== undefined;
		this.#failure = undefined;
		if (round.kind === "published") this.#publish(round.publication, hadFailed);
		else if (hadFailed && !this.#context.json) tell("It works again, and nothing differs from what is published.");
	}

	#publish(publication: Publication, hadFailed: boolean): void {
		if (!this.#context.json) for (const remark of remarks(publication)) this.#say(remark);
		[this.#saidBefore, this.#said] = [this.#said, new Set()];
		const { changed, added, removed } = publication;
		const isNews = !this.#hasPublished || hadFailed || changed.length + added.length + removed.length > 0;
		this.#hasPublished = true;
		if (isNews) this.#context.report(describePublication(publication), publication);
	}

	#fail({ error }: Failure): void {
		const { code, message, hint } = explain(error);
		const what = JSON.stringify([code, message, hint, error instanceof FaultyData ? error.faults : []]);
		if (what === this.#failure) return;
		this.#failure = what;
		if (error instanceof FaultyData) tellFaults(this.#context, error);
		else if (this.#context.json) tell(JSON.stringify({ error: { code, message, hint } }));
		else tell(`trocla: ${message}${hint ? `\n  ${hint}` : ""}`);
	}

	#say(message: string): void {
		if (!this.#said.has(message) && !this.#saidBefore.has(message)) tell(`trocla: ${message}`);
		this.#said.add(message);
	}
}
