/** What crypt(5) hashes begin with, and as much of one as could be of use. */
const HASH = /\$(?:y|gy|7|2[abxy]?|[156]|sha1|md5)[$,].{8}/;

/**
 * A field that is shown as it is. A hash that stands in the wrong place, as a full name, is still a secret: it is replaced.
 */
export function harmless(field: string): string {
	return hasHash(field) ? "(hidden)" : field;
}

/** Whether this can be a name: not empty, and no hash that stands in its place. */
export const isName = (field: string) => field !== "" && !hasHash(field);

const hasHash = (field: string) => field.includes("$") && HASH.test(field);

/** Whether a line has control characters, which trocla prints none of. */
export function hasControl(line: string): boolean {
	// Several times as fast as `/\p{Cc}/u`.
	for (let index = 0; index < line.length; index++) {
		const code = line.charCodeAt(index);
		if (code <= 0x1f || (code >= 0x7f && code <= 0x9f)) return true;
	}
	return false;
}
