/** The lines of a file such as passwd(5), split at their colons; every line must be whole. */
export function readFields(text: string): readonly (readonly string[])[] {
	const lines = text.split("\n");
	if (lines.pop() !== "") throw new Error("the last line has no newline");
	return lines.map((line) => line.split(":"));
}

/** A list in a field of group(5). */
export function readList(list: string | undefined): readonly string[] {
	return list === undefined || list === "" ? [] : list.split(",");
}
