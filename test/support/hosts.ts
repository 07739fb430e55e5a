import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { pathOf } from "./peers.js";
import { cleanUp, type Outcome, run, Sandbox, TROCLA } from "./sandbox.js";

/** A host that trocla runs on, with a home and a configuration of its own. */
export interface Host {
	readonly sandbox: Sandbox;
	/** The address at which it finds this machine. */
	readonly gateway: string;
	run(args: readonly string[]): Promise<Outcome>;
}

// RFC 2544 gives 198.18.0.0/15 to tests of networks: nobody routes it.
const gatewayOf = (n: number) => `198.18.${n}.1`;
const addressOf = (n: number) => `198.18.${n}.2`;
// Of this process, so that two runs of the tests don't meet; the kernel takes 15 characters.
const linkOf = (n: number) => `tr${process.pid}h${n}`;

/**
 * Why there can be no hosts with networks of their own here; nothing where there can. It takes the rights to make network
 * namespaces, and links into them: root has them, but not in every container.
 */
export function noNetworks(): string | undefined {
	try {
		const link = linkOf(0);
		execFileSync(pathOf("ip"), ["link", "add", link, "type", "veth", "peer", "name", `${link}p`], { stdio: "pipe" });
		execFileSync(pathOf("ip"), ["link", "delete", link], { stdio: "pipe" });
		execFileSync(pathOf("unshare"), ["--net", "--uts", "true"], { stdio: "pipe" });
		return undefined;
	} catch (error) {
		const { message, stderr } = error as Error & { stderr?: Buffer };
		return String(stderr ?? "").trim() || message;
	}
}

/** A host in a network namespace of its own, with a link to this machine and a name; gone when the test ends. */
export async function networkHost(n: number): Promise<Host> {
	const script = `ip link set lo up && echo host${n} > /proc/sys/kernel/hostname && echo up && cat`;
	const child = spawn(pathOf("unshare"), ["--net", "--uts", "sh", "-c", script], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const ended = once(child, "exit");
	cleanUp(async () => {
		// The link goes with the last process of the namespace.
		child.stdin.end();
		await ended;
	});
	await Promise.race([once(child.stdout, "data"), ended]);
	const within = ["--target", String(child.pid), "--net", "--uts"];
	const ip = (...args: string[]) => execFileSync(pathOf("ip"), args);
	const ipWithin = (...args: string[]) => execFileSync(pathOf("nsenter"), [...within, pathOf("ip"), ...args]);
	ip("link", "add", linkOf(n), "type", "veth", "peer", "name", "eth0", "netns", String(child.pid));
	ip("address", "add", `${gatewayOf(n)}/30`, "dev", linkOf(n));
	ip("link", "set", linkOf(n), "up");
	ipWithin("address", "add", `${addressOf(n)}/30`, "dev", "eth0");
	ipWithin("link", "set", "eth0", "up");
	const sandbox = new Sandbox();
	return {
		sandbox,
		gateway: gatewayOf(n),
		run: (args) =>
			run(pathOf("nsenter"), [...within, process.execPath, TROCLA, ...args], {
				env: sandbox.env,
				cwd: sandbox.directory,
			}),
	};
}

/** What there is of a host where there can be no networks: a home and a configuration of its own. */
export function directoryHost(): Host {
	const sandbox = new Sandbox();
	return { sandbox, gateway: "127.0.0.1", run: (args) => sandbox.run(args) };
}
