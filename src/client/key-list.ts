/** What a search's answer may have at a place: the beginning, a key, what is between two of them, the end. */
const BEGIN = '{"keys":[';
const END = /^\](?:,"warnings":\[.*\])?,"success":true(?:,"warnings":\[.*\])?\}\s*$/s;
const KEY = /"(?:[^"\\]|\\.)*"([,\]])/sy;

/** An answer that is not what a search answers, or that ends too early. */
export class BrokenList extends Error {
	override name = "BrokenList";
	/** Whether it is one as far as it goes. */
	readonly isBegun: boolean;

	constructor(isBegun: boolean) {
		super(isBegun ? "its answer ends in the middle" : "its answer is no list of keys");
		this.isBegun = isBegun;
	}
}

/**
 * The keys in a search's answer, as they come, in constant memory.
 *
 * @throws {BrokenList}
 */
export async function* readKeys(pieces: AsyncIterable<Buffer>): AsyncGenerator<string> {
	const utf8 = new TextDecoder("utf-8", { fatal: true });
	let text = "";
	let isBegun = false;
	let isEnded = false;
	for await (const piece of pieces) {
		text += utf8.decode(piece, { stream: true });
		if (!isBegun) {
			if (text.length <= BEGIN.length) continue;
			if (!text.startsWith(BEGIN)) throw new BrokenList(false);
			isBegun = true;
			text = text.slice(BEGIN.length);
			isEnded = text.startsWith("]");
		}
		if (isEnded) continue;
		KEY.lastIndex = 0;
		let read = 0;
		for (let found = KEY.exec(text); found; found = isEnded ? null : KEY.exec(text)) {
			const { 0: whole, 1: behind } = found;
			isEnded = behind === "]";
			read = KEY.lastIndex - (isEnded ? 1 : 0);
			yield JSON.parse(whole.slice(0, -1));
			// Another list may have been read meanwhile.
			KEY.lastIndex = read;
		}
		text = text.slice(read);
	}
	if (!isEnded || !END.test(text)) throw new BrokenList(isBegun);
}
