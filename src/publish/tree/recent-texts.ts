interface Recent {
	readonly text: string;
	readonly digest: string;
}

const MAX_TEXTS = 64;
const MAX_CHARACTERS = 64 * 1024 * 1024;
const SAMPLES = 32;

/**
 * The digests of the texts that were asked for last: hosts share most of theirs. Only so many are kept, since a site's
 * hosts may as well have none in common.
 *
 * They are found by some of their characters: V8 hashes long strings by their length alone, and those of one length that
 * begin alike would all be compared.
 */
export class RecentTexts {
	readonly #recent = new Map<string, Recent>();
	#characters = 0;

	get(text: string): string | undefined {
		const sample = sampleOf(text);
		const found = this.#recent.get(sample);
		if (found?.text !== text) return undefined;
		this.#recent.delete(sample);
		this.#recent.set(sample, found);
		return found.digest;
	}

	add(text: string, digest: string): void {
		const sample = sampleOf(text);
		this.#drop(sample);
		this.#recent.set(sample, { text, digest });
		this.#characters += text.length;
		for (const oldest of this.#recent.keys()) {
			if (this.#recent.size <= MAX_TEXTS && this.#characters <= MAX_CHARACTERS) return;
			this.#drop(oldest);
		}
	}

	#drop(sample: string): void {
		this.#characters -= this.#recent.get(sample)?.text.length ?? 0;
		this.#recent.delete(sample);
	}
}

function sampleOf(text: string): string {
	let sample = `${text.length}:`;
	const step = Math.ceil(text.length / SAMPLES);
	for (let index = text.length - 1; index >= 0; index -= step) sample += text.charAt(index);
	return sample;
}
