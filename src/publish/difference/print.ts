import { describeDifference } from "./describe.js";
import type { Difference } from "./difference.js";
import { shown } from "./shown.js";

/** What happens to a host. One that is removed needs no differences: all that it had goes. */
export interface HostDifference {
	readonly host: string;
	readonly change: "added" | "changed" | "removed";
	readonly differences: readonly Difference[];
}

/** How many differences of a host are told one by one; of more, the rest is counted. */
const MAX_LINES = 40;
/** How many hosts are named. */
const MAX_HOSTS = 4;

/**
 * The differences of all hosts, for people, line by line: those with the same are told together, in the order in which the
 * first of them comes. Hosts without any are left out, unless they are added or removed. Nothing where nothing is left to tell.
 */
export function* differenceLines(hosts: Iterable<HostDifference>): Generator<string> {
	for (const alike of hostsAlike(hosts)) {
		const [{ change, differences } = NOTHING] = alike;
		const told = change === "removed" ? [] : differences;
		yield `${heading(change, alike)}${told.length > 0 ? ":" : ""}`;
		for (const line of told.length > MAX_LINES ? shortened(change, told) : told.map(describeDifference)) {
			yield `  ${line}`;
		}
	}
}

const NOTHING = { change: "changed", differences: [] } as const;

/** Hosts to which the same happens. */
function hostsAlike(hosts: Iterable<HostDifference>): Iterable<readonly HostDifference[]> {
	const numbers = new Numbers();
	const alike = new Map<string, HostDifference[]>();
	for (const host of hosts) {
		if (host.change === "changed" && host.differences.length === 0) continue;
		const same = `${host.change} ${host.change === "removed" ? "" : numbers.of(host.differences)}`;
		const known = alike.get(same);
		if (known) known.push(host);
		else alike.set(same, [host]);
	}
	return alike.values();
}

/** Gives equal things the same number, and looks into each only once. */
class Numbers {
	readonly #lists = new Map<readonly Difference[], string>();
	readonly #differences = new Map<Difference, number>();
	readonly #texts = new Map<string, number>();

	of(differences: readonly Difference[]): string {
		const known = this.#lists.get(differences) ?? differences.map((each) => this.#number(each)).join();
		this.#lists.set(differences, known);
		return known;
	}

	#number(difference: Difference): number {
		const known = this.#differences.get(difference);
		if (known !== undefined) return known;
		const text = JSON.stringify(difference);
		const number = this.#texts.get(text) ?? this.#texts.size;
		this.#texts.set(text, number);
		this.#differences.set(difference, number);
		return number;
	}
}

function heading(change: HostDifference["change"], hosts: readonly HostDifference[]): string {
	const names = hosts.map(({ host }) => shown(host));
	const isOne = names.length === 1;
	const state = change === "changed" ? "" : ` ${isOne ? "is" : "are"} ${change === "added" ? "new" : change}`;
	return isOne ? `${names[0]}${state}` : `${names.length} hosts${state} (${listed(names)})`;
}

function listed(names: readonly string[]): string {
	const all = names.length <= MAX_HOSTS;
	const last = all ? names.at(-1) : `${names.length - MAX_HOSTS + 1} more`;
	return `${names.slice(0, all ? -1 : MAX_HOSTS - 1).join(", ")} and ${last}`;
}

/** Of a new host, names say little where there are many; else the first lines, and the number of the rest. */
function* shortened(change: HostDifference["change"], differences: readonly Difference[]): Generator<string> {
	const full = change === "added" ? 0 : MAX_LINES;
	yield* differences.slice(0, full).map(describeDifference);
	const rest = differences.slice(full);
	if (full > 0) yield `and ${rest.length} more:`;
	for (const [sign, kind] of [
		["+", "added"],
		["~", "changed"],
		["-", "removed"],
	] as const) {
		const counts = countKinds(rest.filter((difference) => difference.change === kind));
		if (counts.length > 0) yield `${sign} ${counts.join(", ")}`;
	}
}

const KINDS: readonly (readonly [kind: Difference["kind"], one: string, many: string])[] = [
	["user", "user", "users"],
	["group", "group", "groups"],
	["root key", "root key", "root keys"],
	["user key", "key of a user", "keys of users"],
	["lines", "file with lines that can't be read", "files with lines that can't be read"],
	["file", "file", "files"],
];

function countKinds(differences: readonly Difference[]): readonly string[] {
	return KINDS.flatMap(([kind, one, many]) => {
		const { length } = differences.filter((difference) => difference.kind === kind);
		return length === 0 ? [] : [`${length} ${length === 1 ? one : many}`];
	});
}
