import { quoteValue } from "../value.js";
import { type Check, complete, Entry, isKnockedOut } from "./entry.js";
import type { Place } from "./faults.js";
import { lineText, oneOf, trimmedText } from "./fields.js";
import { type KeyOption, parseOptionList, parseOptions, printOptions } from "./key-options.js";
import { checkPublicKey, isKeyType, typeInside } from "./public-key.js";

/** A line of authorized_keys, sshd(8), whose key and options are checked. */
export interface AuthorizedKey {
	/** The name that the data has it under. */
	readonly name: string;
	readonly type: string;
	/** The public key as SSH writes it, in base64. */
	readonly key: string;
	readonly options: readonly KeyOption[];
	readonly comment: string;
}

/** A line of authorized_keys that nobody has checked. */
export interface KeyLine extends Material {
	/** Empty where there are none. */
	readonly options: string;
	readonly comment: string | undefined;
}

type Material = Pick<AuthorizedKey, "type" | "key">;

/** sshd(8): the longest line that sshd is sure to read. */
const MAX_LINE_BYTES = 8192;

const MEMBERS = ["key", "type", "options", "comment", "ensure"];

/**
 * An entry of keys: `{type, key, options, comment, ensure}`, or a whole line as a `.pub` file has it. A key without a
 * comment has its name there.
 */
export function parseKey(name: string, value: unknown, at: Place): AuthorizedKey | "absent" | undefined {
	if (isKnockedOut(value)) return "absent";
	if (lineText(name, at) === undefined) return undefined;
	const key = typeof value === "string" ? parseLine(name, value, at) : parseMap(name, value, at);
	if (key === undefined || key === "absent" || Buffer.byteLength(printKey(key)) <= MAX_LINE_BYTES) return key;
	return at.fault(`makes a line of more than ${MAX_LINE_BYTES} bytes, which sshd may not read`, "Shorten its options");
}

/** The line, without a newline. */
export function printKey({ options, type, key, comment }: AuthorizedKey): string {
	return [printOptions(options), type, key, comment].filter((part) => part !== "").join(" ");
}

function parseMap(name: string, value: unknown, at: Place): AuthorizedKey | "absent" | undefined {
	const entry = Entry.read(value, at, MEMBERS);
	if (!entry) return undefined;
	const ensure = entry.optional("ensure", oneOf(["present", "absent"]), "present");
	if (ensure === "absent") return "absent";
	const key = entry.required("key", trimmedText, "It is the second word of a .pub file: AAAA...");
	// What has no type inside is no key of any.
	const type = entry.optional("type", lineText, key === undefined ? undefined : (typeInside(key) ?? "ssh-ed25519"));
	const material = type !== undefined && key !== undefined ? checkMaterial(type, key, at) : undefined;
	const fields = complete<Omit<AuthorizedKey, "type" | "key">>({
		name,
		options: entry.optional("options", keyOptions, []),
		comment: entry.optional("comment", trimmedText, name),
	});
	return ensure && material && fields && { ...fields, ...material };
}

/** `[options] type base64 [comment]`. */
function parseLine(name: string, value: string, at: Place): AuthorizedKey | undefined {
	const text = trimmedText(value, at);
	if (text === undefined) return undefined;
	const parts = splitKeyLine(text);
	if (!parts) {
		return at.fault("is no line of authorized_keys", "Give [OPTIONS] TYPE BASE64 [COMMENT], as in a .pub file");
	}
	const checked = { options: parseOptions(parts.options, at), material: checkMaterial(parts.type, parts.key, at) };
	if (!checked.options || !checked.material) return undefined;
	return { name, options: checked.options, ...checked.material, comment: parts.comment ?? name };
}

/** The parts of a line of authorized_keys as they stand there, none of them checked; `undefined` where it has no key. */
export function splitKeyLine(line: string): KeyLine | undefined {
	const options = optionsIn(line);
	const rest = line.slice(options.length).trim();
	const [, type = "", key = "", comment] = /^(\S+)\s+(\S+)(?:\s+(.*))?$/.exec(rest) ?? [];
	return areTypeAndKey(type, key) ? { options, type, key, comment } : undefined;
}

/** What a line has before the type: no blanks outside of quotes, in which a quote has a backslash before it. */
function optionsIn(line: string): string {
	const [, first = "", second = ""] = /^(\S+)\s+(\S+)/.exec(line) ?? [];
	if (areTypeAndKey(first, second)) return "";
	const [options = ""] = /^(?:\\"|\\(?!")|[^\s"\\]|"(?:\\"|\\(?!")|[^"\\])*")+(?=\s)/.exec(line) ?? [];
	return options;
}

/** Whether two words are meant as a type and a key: every key begins with the length of its type's name. */
function areTypeAndKey(type: string, key: string): boolean {
	return isKeyType(type) || (/^[a-z][a-z0-9@.-]*$/.test(type) && key.startsWith("AAAA"));
}

function checkMaterial(type: string, key: string, at: Place): Material | undefined {
	const problem = checkPublicKey(type, key);
	return problem ? at.fault(...problem) : { type, key };
}

const keyOptions: Check<readonly KeyOption[]> = (value, at) => {
	if (Array.isArray(value)) return parseOptionList(value, at);
	if (typeof value !== "string") return at.fault(`must be a list of options, not ${quoteValue(value)}`);
	const text = lineText(value, at);
	return text === undefined ? undefined : parseOptions(text, at);
};
