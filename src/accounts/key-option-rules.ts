import { isIP } from "node:net";
import { parseDay } from "./day.js";

/** The options without a value, sshd(8) "AUTHORIZED_KEYS FILE FORMAT", as its manual writes them. */
export const FLAGS = [
	"agent-forwarding",
	"cert-authority",
	"no-agent-forwarding",
	"no-port-forwarding",
	"no-pty",
	"no-touch-required",
	"no-user-rc",
	"no-X11-forwarding",
	"port-forwarding",
	"pty",
	"restrict",
	"user-rc",
	"verify-required",
	"X11-forwarding",
];

/** The options with a value, and what is wrong with one: a phrase that follows "that". */
export const VALUES: { readonly [option: string]: (value: string) => string | undefined } = {
	command: () => undefined,
	environment: (value) => (/^[A-Za-z0-9_]+=/.test(value) ? undefined : "is not of the form NAME=VALUE"),
	"expiry-time": (value) =>
		isTime(value) ? undefined : "is no time of the form YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC",
	from: fromProblem,
	permitlisten: (value) => (isHostAndPort(value) || isPort(value) ? undefined : "is not of the form [HOST:]PORT"),
	permitopen: (value) => (isHostAndPort(value) ? undefined : "is not of the form HOST:PORT"),
	principals: (value) => (value.split(",").every((name) => name !== "") ? undefined : "has an empty name"),
	tunnel: (value) =>
		/^any$/i.test(value) || (/^\d{1,10}$/.test(value) && Number(value) <= MAX_TUNNEL)
			? undefined
			: "is no number of a tunnel device",
};

/** The options that make sshd refuse a line where they stand twice. */
export const ONCE = ["command", "from", "principals"];

/** OpenSSH's SSH_TUNID_MAX. */
const MAX_TUNNEL = 0x7ffffffd;

function isTime(value: string): boolean {
	const time = /^(\d{4})(\d\d)(\d\d)(?:([01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?Z?$/.exec(value);
	return time !== null && parseDay(`${time[1]}-${time[2]}-${time[3]}`) !== undefined;
}

/** ssh_config(5), PATTERNS: what follows a ! must not match; one wrong network makes sshd refuse all of them. */
function fromProblem(value: string): string | undefined {
	for (const pattern of value.split(",")) {
		const address = pattern.replace(/^!/, "");
		if (address === "") return "has an empty pattern";
		if (/\s/.test(address)) return "has a space: no host's name has one";
		if (address.includes("/") && !isNetwork(address)) {
			return `has ${JSON.stringify(address)}, which is no network: ADDRESS/BITS, and all bits behind those must be 0`;
		}
	}
	return undefined;
}

function isNetwork(cidr: string): boolean {
	const [, address = "", length = ""] = /^([^/%]+)\/(\d{1,3})$/.exec(cidr) ?? [];
	if (isIP(address) === 0) return false;
	const bits = isIP(address) === 4 ? bitsOfIPv4(address) : bitsOfIPv6(address);
	return Number(length) <= bits.length && !bits.slice(Number(length)).includes("1");
}

function bitsOfIPv4(address: string): string {
	return address
		.split(".")
		.map((byte) => Number(byte).toString(2).padStart(8, "0"))
		.join("");
}

function bitsOfIPv6(address: string): string {
	// The parser of URLs writes an address with an IPv4 tail, or with zeros, as RFC 5952 has it.
	const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
	const [head = [], tail = []] = canonical.split("::").map((half) => half.split(":").filter((group) => group !== ""));
	const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
	return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}

/** A host, an IPv6 address in brackets, and a port. */
function isHostAndPort(value: string): boolean {
	const [, , port] = /^(\[[^[\]\s]+\]|[^:/[\]\s]+):([^:]+)$/.exec(value) ?? [];
	return port !== undefined && isPort(port);
}

const isPort = (value: string) => value === "*" || (/^[1-9]\d{0,4}$/.test(value) && Number(value) <= 65535);
