import { linesIn } from "./changed-lines.js";
import type { Membership } from "./difference.js";
import { type GroupEntry, type PasswdEntry, readGroup } from "./entries.js";
import { nameOf, type Rows } from "./rows.js";
import { sorted } from "./sorted.js";

/** What joins a list and what leaves it; `undefined` where nobody does. */
export function membership<Field extends string>(
	field: Field,
	before: Iterable<string>,
	after: Iterable<string>,
): Membership<Field> | undefined {
	const [old, now] = [new Set(before), new Set(after)];
	const joined = sorted([...now].filter((name) => !old.has(name)));
	const left = sorted([...old].filter((name) => !now.has(name)));
	return joined.length + left.length > 0 ? { field, joined, left } : undefined;
}

/** Who joins and leaves which groups, of all who do. */
export function membersThatMove(groups: Rows<GroupEntry>): ReadonlyMap<string, Membership<"groups">> {
	const moves = new Map<string, { joined: string[]; left: string[] }>();
	const of = (name: string) => {
		const known = moves.get(name) ?? { joined: [], left: [] };
		moves.set(name, known);
		return known;
	};
	for (const group of groups.names) {
		const [before, after] = [groups.before(group), groups.after(group)];
		const change = membership("members", before?.entry.members ?? [], after?.entry.members ?? []);
		for (const name of change?.joined ?? []) of(name).joined.push(group);
		for (const name of change?.left ?? []) of(name).left.push(group);
	}
	return new Map(
		[...moves].map(([name, { joined, left }]) => [
			name,
			{ field: "groups", joined: sorted(joined), left: sorted(left) },
		]),
	);
}

/** The groups of one text of group(5), which is read when the first of them is asked for. */
export class Groups {
	readonly #text: string;
	#names: ReadonlyMap<number, string> | undefined;
	#ofMembers: ReadonlyMap<string, readonly string[]> | undefined;

	constructor(text: string) {
		this.#text = text;
	}

	/** The name of a gid; null where there is none. */
	nameOf(gid: number): string | null {
		this.#names ??= new Map([...this.#entries()].reverse().map(([name, entry]) => [entry.gid, name]));
		return this.#names.get(gid) ?? null;
	}

	/** The groups that have a member, sorted by bytes. */
	of(member: string): readonly string[] {
		this.#ofMembers ??= this.#byMember();
		return this.#ofMembers.get(member) ?? [];
	}

	#byMember(): ReadonlyMap<string, readonly string[]> {
		const groups = new Map<string, Set<string>>();
		for (const [name, { members }] of this.#entries()) {
			for (const member of members) {
				const known = groups.get(member);
				if (known) known.add(name);
				else groups.set(member, new Set([name]));
			}
		}
		return new Map([...groups].map(([member, names]) => [member, sorted(names)]));
	}

	*#entries(): Generator<readonly [string, GroupEntry]> {
		const seen = new Set<string>();
		for (const line of linesIn(this.#text)) {
			const name = nameOf(line);
			const entry = seen.has(name) ? undefined : readGroup(line);
			seen.add(name);
			if (entry) yield [name, entry];
		}
	}
}

/** Whether somebody is a user before or after. */
export function isUser(users: Rows<PasswdEntry>, name: string): boolean {
	return users.before(name) !== undefined || users.after(name) !== undefined;
}
