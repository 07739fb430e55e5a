import { existsSync } from "node:fs";
import { TroclaError } from "../errors.js";

/** Puppet's own places, its vendor's packages before a distribution's. */
const CONFIGURATIONS = ["/etc/puppetlabs/puppet", "/etc/puppet"];
const CODE = ["/etc/puppetlabs/code", "/etc/puppet/code"];
const FACTS = [
	"/opt/puppetlabs/server/data/puppetserver/yaml/facts",
	"/opt/puppetlabs/puppet/cache/yaml/facts",
	"/var/lib/puppet/yaml/facts",
	"/var/cache/puppet/yaml/facts",
];

/**
 * Where Puppet has its `hiera.yaml` on this machine: the global one, and the one of an environment, the higher first.
 *
 * @throws {TroclaError} `invalid` for a name that no environment has; `config` where there is neither
 */
export function findHieraConfigs(environment: string): string[] {
	if (!/^\w+$/.test(environment)) {
		throw new TroclaError("invalid", `${JSON.stringify(environment)} can't be an environment`, "As in: production");
	}
	const candidates = [
		CONFIGURATIONS.map((directory) => `${directory}/hiera.yaml`),
		CODE.map((directory) => `${directory}/environments/${environment}/hiera.yaml`),
	];
	const found = candidates.flatMap((paths) => paths.find((path) => existsSync(path)) ?? []);
	if (found.length > 0) return found;
	const places = candidates.flat().join(", ");
	throw new TroclaError("config", `there is no hiera.yaml: looked for ${places}`, "Name one with --hiera-config");
}

/** Where Puppet keeps its hosts' facts on this machine; `undefined` where it has none. */
export function findHosts(): string | undefined {
	return FACTS.find((directory) => existsSync(directory));
}
