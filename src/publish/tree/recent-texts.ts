const MAX_TEXTS = 64;
const MAX_CHARACTERS = 64 * 1024 * 1024;

/**
 * The digests of the texts that were asked for last: hosts share most of theirs. Only so many are kept, since a site's
 * hosts may as well have none in common.
 */
export class RecentTexts {
	readonly #digests = new Map<string, string>();
	#characters = 0;

	get(text: string): string | undefined {
		const digest = this.#digests.get(text);
		if (digest === undefined) return undefined;
		this.#digests.delete(text);
		this.#digests.set(text, digest);
		return digest;
	}

	/** Keeps one that is not there. */
	add(text: string, digest: string): void {
		this.#digests.set(text, digest);
		this.#characters += text.length;
		for (const oldest of this.#digests.keys()) {
			if (this.#digests.size <= MAX_TEXTS && this.#characters <= MAX_CHARACTERS) return;
			this.#digests.delete(oldest);
			this.#characters -= oldest.length;
		}
	}
}
