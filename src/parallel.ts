/**
 * Does some work on all that a source gives, on so many at a time. After the first error nothing more begins; it is
 * thrown when what had begun has ended.
 */
export async function inParallel<Item>(
	source: AsyncGenerator<Item, void, undefined>,
	limit: number,
	work: (item: Item) => Promise<void>,
): Promise<void> {
	const errors: unknown[] = [];
	const worker = async () => {
		try {
			for (;;) {
				const next = await source.next();
				if (next.done || errors.length > 0) return;
				await work(next.value);
			}
		} catch (error) {
			errors.push(error);
		}
	};
	await Promise.all(Array.from({ length: limit }, worker));
	await source.return();
	if (errors.length > 0) throw errors[0];
}
