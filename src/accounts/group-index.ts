import { didYouMean } from "../nearest.js";
import { quoteValue } from "../value.js";
import { type Drafts, present } from "./entry.js";
import type { Place } from "./faults.js";
import type { GroupEntry } from "./group.js";

/** More names than this help nobody. */
const MAX_HINT = 200;

/** A host's groups, as users refer to them. */
export class GroupIndex {
	readonly #groups: Drafts<GroupEntry>;
	readonly #gids: ReadonlySet<number | undefined>;

	constructor(groups: Drafts<GroupEntry>) {
		this.#groups = groups;
		this.#gids = new Set([...present(groups)].map(([, { gid }]) => gid));
	}

	/** The gid of a user's primary group; `undefined`, with a fault, where there is none, or it has a fault of its own. */
	primary(reference: string | number, user: string | undefined, at: Place): number | undefined {
		if (typeof reference === "number") {
			// A group whose gid has a fault may be meant to have this one.
			if (this.#gids.has(reference) || this.#gids.has(undefined)) return reference;
			return at.fault(`is ${reference}, which no group in accounts::groups has`, this.#hint(""));
		}
		if (!this.#groups.has(reference)) {
			return this.#unknown(reference, at, reference === user ? ownGroup(user) : undefined);
		}
		const group = this.#groups.get(reference);
		if (group === "absent") return at.fault(`is ${quoteValue(reference)}, which is absent`, "Give the user another");
		return group?.gid;
	}

	/** The names of secondary groups, without those that are absent. */
	secondary(references: readonly string[], at: Place): readonly string[] {
		for (const name of references) if (!this.#groups.has(name)) this.#unknown(name, at);
		return references.filter((name) => this.#groups.get(name) !== "absent");
	}

	#unknown(name: string, at: Place, hint = this.#hint(name)): undefined {
		return at.fault(`names a group that is not in accounts::groups: ${quoteValue(name)}`, hint);
	}

	#hint(name: string): string {
		const names = [...this.#groups.keys()];
		const hint = names.length > 0 && name !== "" ? didYouMean(name, names) : "";
		return hint === "" || hint.length > MAX_HINT ? "Add it to accounts::groups, as in: staff: {gid: 2000}" : hint;
	}
}

/** For those who gave no gid, and did not name any group. */
const ownGroup = (user: string) =>
	`Without a gid it is the group of the user's name: give a gid, or add ${user}: {gid: 2000} to accounts::groups`;
