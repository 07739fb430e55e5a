/**
 * Works on many items at once and delivers what came of them in the items' order, together what is ready together, as
 * soon as it is. Items are taken only while fewer than `most` of them are under way or wait for an earlier one, so
 * neither an endless source nor a slow delivery fills the memory.
 *
 * What `items`, `work` or `deliver` throws ends it at once, also while it waits for the next item; what is under way
 * then is not delivered any more.
 *
 * @param deliver - takes results; the next ones come when it has returned
 */
export async function inOrder<Item, Result>(
	items: AsyncIterable<Item>,
	work: (item: Item) => Promise<Result>,
	deliver: (results: readonly Result[]) => void,
	most: number,
): Promise<void> {
	const underWay: { result?: { readonly of: Result } }[] = [];
	let delivered = () => {};
	let isDue = false;
	let stop: (error: unknown) => void = () => {};
	let stopped = false;
	const failure = new Promise<never>((_, reject) => {
		stop = (error) => {
			stopped = true;
			reject(error);
		};
	});

	async function takeAll(): Promise<void> {
		for await (const item of items) {
			if (stopped) return;
			void begin(item);
			while (underWay.length >= most) await nextDelivery();
		}
		while (underWay.length > 0) await nextDelivery();
	}

	async function begin(item: Item): Promise<void> {
		const slot: (typeof underWay)[number] = {};
		underWay.push(slot);
		try {
			slot.result = { of: await work(item) };
		} catch (error) {
			stop(error);
			return;
		}
		if (slot !== underWay[0] || isDue) return;
		isDue = true;
		// Others that are ready in this same moment go along.
		setImmediate(deliverReady);
	}

	function deliverReady(): void {
		isDue = false;
		if (stopped) return;
		const ready: Result[] = [];
		for (const { result } of underWay) {
			if (!result) break;
			ready.push(result.of);
		}
		underWay.splice(0, ready.length);
		try {
			deliver(ready);
			delivered();
		} catch (error) {
			stop(error);
		}
	}

	function nextDelivery(): Promise<void> {
		return new Promise((resolve) => {
			delivered = resolve;
		});
	}

	await Promise.race([failure, takeAll()]);
}
