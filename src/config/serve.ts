import { isMap, quoteValue } from "../value.js";
import { type Fail, filePath, known, map, match, oneOf, onlyKnown, wholeNumber } from "./fields.js";

/** What a rule may allow. `sign` lets a CA of the store sign the certificates of others; its key is not shown for that. */
export const serveActions = [
	"get",
	"create",
	"set",
	"reset",
	"delete",
	"search",
	"show",
	"verify",
	"formats",
	"sign",
	"metrics",
] as const;

export type ServeAction = (typeof serveActions)[number];

/** @throws {TroclaError} `config` */
export function checkServe(value: unknown, fail: Fail): void {
	const serve = known(value, ["socket", "https", "tokens", "rules", "limits", "log"], fail);
	if (serve.socket !== undefined) checkSocket(serve.socket, under("socket", fail));
	if (serve.https !== undefined) checkHttps(serve.https, under("https", fail));
	if (serve.tokens !== undefined) checkTokens(serve.tokens, under("tokens", fail));
	if (serve.limits !== undefined) checkLimits(serve.limits, under("limits", fail));
	if (serve.log !== undefined) oneOf(["failures", "requests"], serve.log, under("log", fail));
	if (serve.rules === undefined) return;
	if (!Array.isArray(serve.rules)) throw fail("serve.rules must be a list", RULE_EXAMPLE);
	const tokens = isMap(serve.tokens) ? Object.keys(serve.tokens) : [];
	const hasCa = isMap(serve.https) && serve.https.ca !== undefined;
	for (const [index, rule] of serve.rules.entries()) {
		checkRule(rule, { tokens, hasCa }, under(`rules[${index}]`, fail));
	}
}

const RULE_EXAMPLE =
	'As in: rules: [{who: {certificate: "*.example.com"}, may: [create], keys: ["hosts/%{certname}/*"]}]';

const under =
	(name: string, fail: Fail): Fail =>
	(message, hint) =>
		fail(`serve.${name}${/^[.[]/.test(message) ? "" : ": "}${message}`, hint);

function checkSocket(value: unknown, fail: Fail): void {
	const { path, mode, group } = known(value, ["path", "mode", "group"], fail);
	if (path !== undefined) filePath("path", path, fail);
	if (mode !== undefined && socketMode(mode) === undefined) {
		throw fail(`mode can't be ${quoteValue(mode)}`, "Write it in octal, as chmod takes it: 0660");
	}
	const isName = typeof group === "string" && /^[\w.][\w.@-]*$/.test(group);
	if (group !== undefined && !isName && !(Number.isInteger(group) && Number(group) >= 0)) {
		throw fail(`group can't be ${quoteValue(group)}`, "It is a group's name or number");
	}
}

/** A socket's mode: YAML reads 0660 as a number, and "0660" is a text. `undefined` for what is none. */
export function socketMode(mode: unknown): number | undefined {
	const read = typeof mode === "string" && /^0?[0-7]{3}$/.test(mode) ? Number.parseInt(mode, 8) : mode;
	return typeof read === "number" && Number.isInteger(read) && read >= 0 && read <= 0o777 ? read : undefined;
}

function checkHttps(value: unknown, fail: Fail): void {
	const { listen, ...files } = known(value, ["listen", "certificate", "key", "ca", "crl"], fail);
	if (listen !== undefined && !address(listen)) {
		throw fail(
			`listen can't be ${quoteValue(listen)}`,
			'It is an address and a port, as "0.0.0.0:8443" or "[::]:8443"',
		);
	}
	for (const name of ["certificate", "key"]) if (files[name] === undefined) throw fail(`it has no ${name}`);
	for (const [name, path] of Object.entries(files)) filePath(name, path, fail);
	if (files.crl !== undefined && files.ca === undefined) throw fail("crl is of no use without ca");
}

/** A host and a port as `0.0.0.0:8443` or `[::]:8443`; `undefined` for what is none. */
export function address(text: unknown): { readonly host: string; readonly port: number } | undefined {
	if (typeof text !== "string") return undefined;
	const [, bracketed, bare, digits] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
	const port = Number(digits);
	const host = bracketed ?? bare;
	return host !== undefined && port <= 65535 ? { host, port } : undefined;
}

function checkTokens(value: unknown, fail: Fail): void {
	for (const [name, token] of Object.entries(map(value, fail))) {
		match("a token's name", name, /^[\w.-]{1,64}$/, fail);
		const { hash } = known(token, ["hash"], (message, hint) => fail(`${name}: ${message}`, hint));
		// It may be the token itself, put into the wrong place: it is not shown.
		if (typeof hash !== "string" || !/^[\da-f]{64}$/.test(hash)) {
			throw fail(`the hash of ${name} is not 64 hex digits`, `trocla serve --new-token ${name} prints the line`);
		}
	}
}

const LIMITS: { readonly [name: string]: { readonly min: number; readonly max: number } } = {
	body: { min: 1024, max: 64 * 1024 * 1024 },
	batch: { min: 1, max: 1000 },
	seconds: { min: 1, max: 3600 },
	connections: { min: 1, max: 100_000 },
	per_second: { min: 1, max: 1_000_000 },
	// A connection that is used for nothing else is closed soon after that.
	receipt: { min: 1, max: 70 },
};

function checkLimits(value: unknown, fail: Fail): void {
	for (const [name, limit] of Object.entries(known(value, Object.keys(LIMITS), fail))) {
		wholeNumber(name, limit, LIMITS[name] ?? { min: 1, max: 1 }, fail);
	}
}

interface Whom {
	readonly tokens: readonly string[];
	readonly hasCa: boolean;
}

function checkRule(value: unknown, whom: Whom, fail: Fail): void {
	const rule = known(value, ["who", "may", "keys"], fail);
	for (const name of ["who", "may", "keys"])
		if (rule[name] === undefined) throw fail(`it has no ${name}`, RULE_EXAMPLE);
	const everyone = [rule.who].flat();
	if (everyone.length === 0) throw fail("who names nobody", RULE_EXAMPLE);
	for (const who of everyone) checkWho(who, whom, fail);
	if (!Array.isArray(rule.may) || rule.may.length === 0) throw fail("may must be a list of actions", RULE_EXAMPLE);
	for (const action of rule.may) oneOf(serveActions, action, (message, hint) => fail(`may: ${message}`, hint));
	if (!Array.isArray(rule.keys)) throw fail("keys must be a list of globs", RULE_EXAMPLE);
	for (const glob of rule.keys) checkGlob(glob, everyone, fail);
}

function checkWho(who: unknown, { tokens, hasCa }: Whom, fail: Fail): void {
	if (typeof who === "string") {
		oneOf(["socket", "anyone"], who, (message, hint) => fail(`who: ${message}`, hint));
		return;
	}
	if (!isMap(who))
		throw fail(`who can't be ${quoteValue(who)}`, "socket, anyone, {certificate: GLOB} or {token: NAME}");
	onlyKnown(who, ["certificate", "token"], (message, hint) => fail(`who: ${message}`, hint));
	if (Object.keys(who).length !== 1) throw fail("who must have one of certificate and token");
	if (who.token !== undefined) oneOf(tokens, who.token, (message, hint) => fail(`who: the token ${message}`, hint));
	if (who.certificate === undefined) return;
	if (typeof who.certificate !== "string" || who.certificate === "") throw fail("who: certificate must be a glob");
	if (!hasCa) throw fail("who: certificates need serve.https.ca", "Name the CA's file there");
}

function checkGlob(glob: unknown, everyone: readonly unknown[], fail: Fail): void {
	if (typeof glob !== "string" || glob === "") throw fail(`keys can't have ${quoteValue(glob)}`, RULE_EXAMPLE);
	const [variable] = /%\{(?!certname\})[^}]*\}?/.exec(glob) ?? [];
	if (variable !== undefined) throw fail(`keys: ${quoteValue(variable)} is not known`, "There is %{certname} alone");
	const areCertified = everyone.every((who) => isMap(who) && who.certificate !== undefined);
	if (glob.includes("%{certname}") && !areCertified) {
		throw fail(
			`keys: ${quoteValue(glob)} is for certificates alone`,
			"Only those have a certname: make two rules of it",
		);
	}
}
