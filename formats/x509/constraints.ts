import { BlockList, isIP } from "node:net";
import { type GeneralName, type GeneralSubtree, GeneralSubtrees, NameConstraints } from "@peculiar/asn1-x509";
import { type Content, cnOf, textOf } from "./content.js";
import { altNameOfCn } from "./names.js";
import { EMAIL_OID } from "./subject.js";

const KINDS = ["dNSName", "iPAddress", "rfc822Name", "uniformResourceIdentifier"] as const;
type Kind = (typeof KINDS)[number];

/**
 * The first name of a certificate that its CA may not sign (RFC 5280, section 4.2.1.10), as a text;
 * `undefined` where it may sign them all. Constraints on directory names are left to those who verify.
 */
export function refusedName(content: Content, constraints: NameConstraints): string | undefined {
	return namesOf(content).find((name) => !isPermitted(name, constraints))?.text;
}

/**
 * What a CA is held to under one that is held to something itself: its own subtrees, which must lie within those
 * above it, and of what it does not name, the subtrees above it. So whoever reads a CA's certificate reads all of it.
 *
 * @returns a text instead, which names the first subtree that lies outside
 */
export function narrowed(own: NameConstraints | undefined, above: NameConstraints): NameConstraints | string {
	const permitted = [...(own?.permittedSubtrees ?? [])];
	for (const { base } of permitted) {
		const name = nameOf(base);
		if (name && !isPermitted(name, above)) return name.text;
	}
	const ownKinds = new Set(permitted.map(({ base }) => kindOf(base)));
	const inherited = [...(above.permittedSubtrees ?? [])].filter(({ base }) => !ownKinds.has(kindOf(base)));
	const excluded = [...(own?.excludedSubtrees ?? []), ...(above.excludedSubtrees ?? [])];
	return new NameConstraints({
		...subtrees("permittedSubtrees", [...permitted, ...inherited]),
		...subtrees("excludedSubtrees", excluded),
	});
}

function subtrees(field: "permittedSubtrees" | "excludedSubtrees", list: readonly GeneralSubtree[]) {
	return list.length > 0 ? { [field]: new GeneralSubtrees([...list]) } : {};
}

interface ConstrainedName {
	readonly kind: Kind;
	readonly text: string;
}

/** All that constraints are held against: verifiers take a CN for a DNS name where no altname is one. */
function namesOf({ subject, altNames }: Content): ConstrainedName[] {
	const names = altNames.map(nameOf).filter((name) => name !== undefined);
	const cn = altNameOfCn(cnOf(subject) ?? "");
	const email = textOf(subject, EMAIL_OID);
	if (email !== undefined) names.push({ kind: "rfc822Name", text: email });
	if (cn?.kind === "dNSName" && cn.name.includes(".") && !names.some(({ kind }) => kind === "dNSName")) {
		names.push({ kind: "dNSName", text: cn.name });
	}
	return names;
}

function nameOf(name: GeneralName): ConstrainedName | undefined {
	const kind = kindOf(name);
	return kind && { kind, text: name[kind] ?? "" };
}

function kindOf(name: GeneralName): Kind | undefined {
	return KINDS.find((kind) => name[kind] !== undefined);
}

function isPermitted({ kind, text }: ConstrainedName, constraints: NameConstraints): boolean {
	const bases = (list: GeneralSubtrees | undefined) =>
		[...(list ?? [])].map(({ base }) => base[kind]).filter((base) => base !== undefined);
	const permitted = bases(constraints.permittedSubtrees);
	const covers = (base: string) => isWithin[kind](text.toLowerCase(), base.toLowerCase());
	return (permitted.length === 0 || permitted.some(covers)) && !bases(constraints.excludedSubtrees).some(covers);
}

/** Whether a name, or a subtree, lies within a subtree of its kind; both are in lower case. */
const isWithin: { readonly [kind in Kind]: (name: string, base: string) => boolean } = {
	dNSName: isDomainWithin,

	iPAddress(name, base) {
		const [address = "", length] = name.split("/");
		const [network = "", prefix = "0"] = base.split("/");
		if (isIP(address) !== isIP(network) || Number(length ?? 128) < Number(prefix)) return false;
		const family = isIP(network) === 6 ? "ipv6" : "ipv4";
		const list = new BlockList();
		list.addSubnet(network, Number(prefix), family);
		return list.check(address, family);
	},

	rfc822Name(name, base) {
		if (base.includes("@")) return name === base;
		return isHostWithin(name.slice(name.lastIndexOf("@") + 1), base);
	},

	uniformResourceIdentifier(name, base) {
		const { host = "" } = /^[^:]+:\/\/(?:[^/?#@]*@)?(?<host>[^/?#:]*)/.exec(name)?.groups ?? {};
		return isHostWithin(host, base);
	},
};

function isDomainWithin(name: string, base: string): boolean {
	if (base === "" || name === base) return true;
	return name.endsWith(base.startsWith(".") ? base : `.${base}`);
}

/** For emails and URIs a base without a dot in front is one host. */
function isHostWithin(host: string, base: string): boolean {
	return base.startsWith(".") ? host.endsWith(base) : host === base;
}
