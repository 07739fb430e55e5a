import { type Backend, BackendError, type Swap } from "./backend.js";

const MOST_IN_A_GROUP = 500;

/**
 * A backend for many calls at once: what is read, or swapped, while the store is busy with such calls waits and then
 * goes to it together, so a hundred changes may cost one commit. A call that comes alone goes at once.
 */
export function grouped(backend: Backend): Backend {
	const read = gather((keys: readonly string[]) => readEach(backend, keys));
	const swap = gather((swaps: readonly Swap[]) => backend.swapMany(swaps));
	return {
		read,
		readMany: (keys) => backend.readMany(keys),
		swap: (key, before, after) => swap({ key, before, after }),
		swapMany: (swaps) => backend.swapMany(swaps),
		keys: (from) => backend.keys(from),
		...(backend.some && { some: () => backend.some?.() ?? Promise.resolve([]) }),
		check: () => backend.check(),
		close: () => backend.close(),
	};
}

function readEach(backend: Backend, keys: readonly string[]): Promise<string | undefined>[] {
	const texts = backend.readMany(keys);
	return keys.map(async (key, index) => {
		try {
			return (await texts)[index];
		} catch (error) {
			// One record that can't be read does not hide the others.
			if (error instanceof BackendError && error.fault === "damaged") return await backend.read(key);
			throw error;
		}
	});
}

/** Makes one call of many: each request gets its own answer of the group that it went with. */
function gather<Request, Answer>(
	ask: (requests: readonly Request[]) => readonly Promise<Answer>[],
): (request: Request) => Promise<Answer> {
	const waiting: { readonly request: Request; readonly answer: (answer: Promise<Answer>) => void }[] = [];
	let asking = false;

	async function askAll(): Promise<void> {
		asking = true;
		// What is asked for in the same moment goes together.
		await undefined;
		while (waiting.length > 0) {
			const group = waiting.splice(0, MOST_IN_A_GROUP);
			const answers = ask(group.map(({ request }) => request));
			// There is one answer for each request.
			for (const [index, { answer }] of group.entries()) answer(answers[index] as Promise<Answer>);
			await Promise.allSettled(answers);
		}
		asking = false;
	}

	return (request) =>
		new Promise((resolve) => {
			waiting.push({ request, answer: resolve });
			if (!asking) void askAll();
		});
}
