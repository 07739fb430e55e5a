/** What crypt(5) hashes begin with, and as much of one as could be of use. */
const HASH = /\$(?:y|gy|7|2[abxy]?|[156]|sha1|md5)[$,].{8}/;

/**
 * A field that is shown as it is. A hash that stands in the wrong place, as a full name, is still a secret: it is replaced.
 */
export function harmless(field: string): string {
	return HASH.test(field) ? "(hidden)" : field;
}

/** Whether this can be a name: not empty, and no hash that stands in its place. */
export const isName = (field: string) => field !== "" && !HASH.test(field);

/** Whether a line has control characters, which trocla prints none of. */
export const hasControl = (line: string) => /\p{Cc}/u.test(line);
