import { randomUUID } from "node:crypto";
import { chown, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ConfigInput } from "../config/input.js";
import { parseYaml } from "../config/yaml.js";
import { TroclaError } from "../errors.js";
import { isMap } from "../value.js";

type EncryptionOptions = NonNullable<ConfigInput["encryption_options"]>;

/**
 * Writes into a configuration's text how its store is sealed. All other lines, with their comments, stay as they are.
 *
 * @param keyFile - the ring's file, for a configuration that has no encryption; else the ring stays where it is
 * @param acceptPlain - whether records that are not sealed are taken too
 * @throws {TroclaError} `config` where the text is written in a way that this can't change; the hint says what to write
 */
export function withEncryption(text: string, keyFile: string, acceptPlain: boolean, file: string): string {
	const before = parseYaml(text) ?? {};
	const options = optionsFor(before, keyFile, acceptPlain);
	if (!isMap(before)) throw byHand(file, options);
	const wanted = { ...withoutEncryption(before), encryption: "aes-256-gcm", encryption_options: options };
	const candidates = [inBlock, inFlow].map((write) => write(text, options));
	const found = candidates.find((candidate) => isDeepStrictEqual(parsed(candidate), wanted));
	if (found === undefined) throw byHand(file, options);
	return found;
}

function optionsFor(before: unknown, key_file: string, acceptPlain: boolean): EncryptionOptions {
	const isSealed = isMap(before) && /^:?aes-256-gcm$/.test(String(before.encryption));
	// The configuration was checked before.
	const { accept_plain: _, ...ring } = isSealed ? (before.encryption_options as EncryptionOptions) : { key_file };
	return { ...ring, ...(acceptPlain && { accept_plain: true }) };
}

/**
 * Replaces a file with another text, so that a reader, and a crash, meet the whole old one or the whole new one. Its mode and
 * owner stay.
 *
 * @throws {TroclaError} `config`
 */
export async function replaceConfig(path: string, text: string): Promise<void> {
	await replace(path, text).catch((error: Error) => {
		throw new TroclaError(
			"config",
			`${path} can't be changed: ${error.message}`,
			"It is as it was. Run it as the user whose it is, with space on its disk",
		);
	});
}

async function replace(path: string, text: string): Promise<void> {
	const file = await realpath(path);
	const { mode, uid, gid } = await stat(file);
	const fresh = `${file}.new-${randomUUID()}`;
	const written = await open(fresh, "wx", 0o600);
	try {
		await written.writeFile(text);
		await chown(fresh, uid, gid);
		await written.chmod(mode & 0o7777);
		await written.sync();
		await rename(fresh, file);
	} catch (error) {
		await unlink(fresh);
		throw error;
	} finally {
		await written.close();
	}
	const directory = await open(dirname(file), "r");
	await directory.sync().finally(() => directory.close());
}

/** As lines of a map's usual form: in place of those that are there, else of the same as a comment, else at the end. */
function inBlock(text: string, options: EncryptionOptions): string {
	const lines = text.replace(/\n*$/, "\n").split("\n").slice(0, -1);
	const fresh = ["encryption: aes-256-gcm", `encryption_options: ${flow(options)}`];
	const isOld = lines.some((line) => SETTING.test(line))
		? (_: string, index: number) => isPartOfSetting(lines, index)
		: (line: string) => COMMENTED.test(line);
	const first = lines.findIndex(isOld);
	if (first < 0) return `${[...lines, "", ...fresh].join("\n")}\n`;
	const rest = lines.slice(first).filter((line, index) => !isOld(line, first + index));
	return `${[...lines.slice(0, first), ...fresh, ...rest].join("\n")}\n`;
}

const SETTING = /^["']?:?encryption(_options)?["']?\s*:(\s|$)/;
const COMMENTED = /^# encryption(_options)?: /;

/** Whether a line is one of the two settings, or one of the indented lines below it that it consists of. */
function isPartOfSetting(lines: readonly string[], index: number): boolean {
	const line = lines[index] ?? "";
	if (SETTING.test(line)) return true;
	if (!/^\s+[^\s#]/.test(line)) return false;
	const above = lines.slice(0, index).findLast((other) => /^[^\s#]/.test(other));
	return above !== undefined && SETTING.test(above);
}

/** Behind the brace of a map that is written as `{...}`, as JSON is. */
function inFlow(text: string, options: EncryptionOptions): string {
	const rest = text
		.replace(/"encryption"\s*:\s*"[^"]*"\s*,?\s*/, "")
		.replace(/"encryption_options"\s*:\s*\{[^{}]*\}\s*,?\s*/, "")
		.replace(/,(\s*\}\s*)$/, "$1");
	const isEmpty = /^[^{]*\{\s*\}/.test(rest);
	const fresh = `"encryption": "aes-256-gcm", "encryption_options": ${JSON.stringify(options)}`;
	return rest.replace("{", () => `{${fresh}${isEmpty ? "" : ", "}`);
}

/** `{key_file: "/etc/trocla/keys"}`: JSON's texts are YAML's too. */
const flow = (options: EncryptionOptions) =>
	`{${Object.entries(options)
		.map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
		.join(", ")}}`;

function withoutEncryption(config: { readonly [name: string]: unknown }): { [name: string]: unknown } {
	return Object.fromEntries(Object.entries(config).filter(([name]) => !/^:?encryption(_options)?$/.test(name)));
}

function parsed(text: string): unknown {
	try {
		return parseYaml(text);
	} catch {
		return undefined;
	}
}

function byHand(file: string, options: EncryptionOptions): TroclaError {
	return new TroclaError(
		"config",
		`${file} is written in a way that can't be changed without you`,
		`Put these two lines into it and run it again: encryption: aes-256-gcm and encryption_options: ${flow(options)}`,
	);
}
