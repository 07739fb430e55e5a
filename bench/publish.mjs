// Publishing sites: what a run costs that changes nothing, or little, beside the first one and what a machine can't do faster.
import { spawn } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Puppet } from "./lookup.mjs";
import { byTurns, inSandbox, row, runProgram, time } from "./measure.mjs";
import { hostName, makeSite } from "./site.mjs";

const ROUNDS = 3;
const HOSTS = 1000;
const USERS = 1000;
const MANY_HOSTS = 10_000;
const MANY_USERS = 100_000;
const FEW_HOSTS = 10;

export async function run() {
	return await inSandbox(async ({ directory, env }) => {
		const site = (name, settings) => {
			const place = join(directory, name);
			mkdirSync(place, { mode: 0o700 });
			return makeSite(place, env, settings);
		};
		const shared = await site("shared", { hosts: HOSTS, users: USERS });
		const own = await site("own", { hosts: HOSTS, users: USERS, own: true });
		const rows = [
			...(await compareRuns(shared, "all users shared", env)),
			...(await compareFloor(shared, directory, env)),
			...(await compareRuns(own, "own users", env)),
			sizes(shared, "all users shared"),
			sizes(own, "own users"),
			...(await compareChanges(own, env)),
			...(await compareCopy(own, directory, env)),
			...(await comparePuppet(own, env)),
		];
		const facts = await site("facts", { hosts: HOSTS, users: USERS, own: true, facts: true });
		rows.push(...(await compareFacts(facts, own, env)));
		rmSync(facts.directory, { recursive: true });
		const manyHosts = await site("hosts", { hosts: MANY_HOSTS, users: USERS, own: true });
		rows.push(...(await compareGrowth(manyHosts, own, ["10,000 hosts with own users", "1,000 hosts"], env)));
		rmSync(manyHosts.directory, { recursive: true });
		const few = await site("few", { hosts: FEW_HOSTS, users: USERS });
		const manyUsers = await site("users", { hosts: FEW_HOSTS, users: MANY_USERS });
		rows.push(...(await compareGrowth(manyUsers, few, ["100,000 users on 10 hosts", "1,000 users"], env)));
		return rows;
	});
}

/** A run into a tree that is not there yet, and one that changes nothing. */
async function compareRuns(site, kind, env) {
	const [first, same] = await alternate(ROUNDS, [afresh(site, env), again(site, env)]);
	const name = `1,000 hosts by 1,000 users, ${kind}`;
	return [
		row(`nothing changed: ${name}`, "the first run", same.ms, first.ms),
		row("the same in processor time", "the first run", same.cpuMs, first.cpuMs),
		row(`peak memory, nothing changed: ${kind}`, "the first run", same.mib, first.mib, "MiB"),
	];
}

/** What a run can't leave out: a directory, a signature, two files and two links a host, and to remove those of the last. */
async function compareFloor(site, directory, env) {
	const place = join(directory, "bare");
	const key = generateKeyPairSync("ed25519").privateKey;
	const generations = [join(place, "1"), join(place, "2")];
	mkdirSync(generations[0], { recursive: true });
	const bare = async () => ({ ms: await time(() => signAll(generations, key, place)) });
	const [same, floor] = await alternate(ROUNDS, [again(site, env), bare]);
	return [row("nothing changed: all users shared", "signatures and small files alone", same.ms, floor.ms)];
}

function signAll([before, after], key, place) {
	mkdirSync(after);
	const names = { Host: join(after, "Host"), TimeStamp: join(after, "TimeStamp") };
	for (const path of Object.values(names)) writeFileSync(path, "x\n");
	for (let host = 0; host < HOSTS; host++) {
		const path = join(after, hostName(host));
		mkdirSync(path);
		writeFileSync(join(path, "HashDigest"), "x".repeat(600));
		writeFileSync(join(path, "HashDigest.signed"), sign(null, Buffer.alloc(64, host), key));
		for (const [name, from] of Object.entries(names)) linkSync(from, join(path, name));
	}
	rmSync(before, { recursive: true });
	renameSync(after, before);
	return place;
}

/** One change a run, each beside a run that changes nothing. */
async function compareChanges(site, env) {
	let round = 0;
	const changing = (change) => async () => {
		await change(`changed ${++round}`);
		return await again(site, env)();
	};
	const changes = {
		"a user of one host": (gecos) => site.writeHost(7, gecos),
		"a password of one host": () => site.setPassword("host7user0", round),
		"a user of a role, 50 hosts": (gecos) => site.writeRole(3, gecos),
		"a user of all hosts": (gecos) => site.writeCommon(USERS, gecos),
	};
	const [same, first, ...taken] = await alternate(ROUNDS, [
		again(site, env),
		afresh(site, env),
		...Object.values(changes).map(changing),
	]);
	return Object.keys(changes).flatMap((name, index) => [
		row(`changed: ${name}, own users`, "nothing changed", taken[index].cpuMs, same.cpuMs, "ms of processor"),
		row(`changed: ${name}, own users`, "the first run", taken[index].cpuMs, first.cpuMs, "ms of processor"),
	]);
}

/** Facts as large as Puppet's: parsed in a first run, and only read where what was used of them is as it was. */
async function compareFacts(site, small, env) {
	await again(site, env)();
	await again(small, env)();
	let uptime = 1;
	const touched = async () => {
		uptime++;
		for (let host = 0; host < HOSTS; host++) site.writeFacts(host, uptime);
		return await again(site, env)();
	};
	const [same, other, changed, first] = await alternate(1, [
		again(site, env),
		again(small, env),
		touched,
		afresh(site, env),
	]);
	return [
		row("nothing changed: facts of 40 kB a host", "facts of a line", same.cpuMs, other.cpuMs, "ms of processor"),
		row("all facts changed, none that is used", "nothing changed", changed.cpuMs, same.cpuMs, "ms of processor"),
		row("nothing changed: facts of 40 kB a host", "the first run", same.cpuMs, first.cpuMs, "ms of processor"),
	];
}

async function compareGrowth(large, small, [what, than], env) {
	const [firstLarge, firstSmall] = await alternate(1, [afresh(large, env), afresh(small, env)]);
	const [sameLarge, sameSmall] = await alternate(1, [again(large, env), again(small, env)]);
	return [
		row(`first run: ${what}`, than, firstLarge.cpuMs, firstSmall.cpuMs, "ms of processor"),
		row(`nothing changed: ${what}`, than, sameLarge.cpuMs, sameSmall.cpuMs, "ms of processor"),
		row(`nothing changed: ${what}`, "the first run", sameLarge.cpuMs, firstLarge.cpuMs, "ms of processor"),
		row(`peak memory of the first run: ${what}`, than, firstLarge.mib, firstSmall.mib, "MiB"),
		row(`peak memory, nothing changed: ${what}`, than, sameLarge.mib, sameSmall.mib, "MiB"),
	];
}

/** How much the tree has in its objects, and how much all hosts' files would have. */
function sizes(site, kind) {
	const objects = join(site.tree, "objects");
	const sizes = new Map(readdirSync(objects).map((name) => [name, lstatSync(join(objects, name)).size]));
	const all = readdirSync(join(site.tree, "hosts")).flatMap((host) => {
		const digests = readFileSync(join(site.tree, "hosts", host, "HashDigest"), "utf8").match(/[0-9a-f]{64}/g);
		return digests.map((digest) => sizes.get(digest) ?? 0);
	});
	const sum = (numbers) => numbers.reduce((total, size) => total + size, 0) / 2 ** 20;
	return row(
		`size of the objects: 1,000 hosts by 1,000 users, ${kind}`,
		"each host's files",
		sum([...sizes.values()]),
		sum(all),
		"MiB",
	);
}

/** The first run writes and hashes this much: other programs that do no more. */
async function compareCopy(site, directory, env) {
	const objects = join(site.tree, "objects");
	const copy = join(directory, "copy");
	const line = `cp -r ${objects} ${copy} && sync -f ${copy} && (cd ${copy} && sha256sum * > /dev/null)`;
	const copying = async () => {
		rmSync(copy, { recursive: true, force: true });
		return { ms: await runProgram(["bash", "-c", line], env) };
	};
	const [first, copied] = await alternate(ROUNDS, [afresh(site, env), copying]);
	return [row("the first run: own users", "cp, sync and sha256sum of its objects", first.ms, copied.ms)];
}

/** All that a host costs in a first run, beside the look-ups alone. */
async function comparePuppet(site, env) {
	const facts = { clientcert: hostName(7), role: "role7" };
	const puppet = new Puppet(site.directory, join(site.directory, "hiera.yaml"), env, facts);
	const keys = ["accounts::users", "accounts::groups", "ibox::root_keys"];
	const rounds = 20;
	await puppet.time(keys, 1);
	const lookups = async () => ({ ms: (await puppet.time(keys, rounds)) / rounds });
	const [first, theirs] = await alternate(ROUNDS, [afresh(site, env), lookups]);
	await puppet.stop();
	return [
		row("the first run, a host with own users", "Puppet's own look-ups of its keys", first.ms / HOSTS, theirs.ms),
	];
}

function afresh(site, env) {
	return async () => {
		rmSync(site.tree, { recursive: true, force: true });
		return await measure(site.command, env);
	};
}

const again = (site, env) => () => measure(site.command, env);

/** The medians of each member of what the subjects give, by turns. */
async function alternate(rounds, subjects) {
	const given = subjects.map(() => []);
	const wrapped = subjects.map((subject, index) => async () => {
		const figures = await subject();
		given[index].push(figures);
		return figures.ms;
	});
	await byTurns(rounds, wrapped, 0);
	const middle = (figures, name) => figures.map((one) => one[name]).toSorted((a, b) => a - b)[figures.length >> 1];
	return given.map((figures) =>
		Object.fromEntries(Object.keys(figures[0]).map((name) => [name, middle(figures, name)])),
	);
}

/**
 * Runs a program and gives the milliseconds that it took, those of the processor, and the most memory that it had (MiB). The
 * last two are looked at when it prints, which it must do at its end.
 */
async function measure([file, ...args], env) {
	const start = process.hrtime.bigint();
	const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "inherit"] });
	let figures = {};
	child.stdout.on("data", () => {
		figures = { cpuMs: processorTime(child.pid) ?? figures.cpuMs, mib: peakMemory(child.pid) ?? figures.mib };
	});
	const [exitCode] = await once(child, "close");
	if (exitCode !== 0) throw new Error(`${[file, ...args].join(" ")} exited with ${exitCode}`);
	return { ms: Number(process.hrtime.bigint() - start) / 1e6, ...figures };
}

/** proc(5): utime and stime in ticks, of which Linux has 100 a second. */
function processorTime(pid) {
	const fields = read(pid, "stat")
		?.replace(/^.*\) /, "")
		.split(" ");
	return fields && (Number(fields[11]) + Number(fields[12])) * 10;
}

function peakMemory(pid) {
	const [, kib] = /^VmHWM:\s+(\d+)/m.exec(read(pid, "status") ?? "") ?? [];
	return kib && Number(kib) / 1024;
}

function read(pid, name) {
	try {
		return readFileSync(`/proc/${pid}/${name}`, "utf8");
	} catch {
		return undefined; // it has ended
	}
}
