// Node's own HTTP client with connections that stay open: the bare driver of the stores that speak JSON over HTTP.
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";

/** Gives a function that asks and one that closes. */
export function httpClient(base, headers, atOnce) {
	const agent = new Agent({ keepAlive: true, maxSockets: atOnce, noDelay: true });
	const ask = async (method, path, body) => {
		const asked = request(`${base}/${path}`, { method, agent, headers });
		const answered = new Promise((resolve, reject) => asked.on("response", resolve).on("error", reject));
		asked.end(body && JSON.stringify(body));
		const answer = await text(await answered);
		return answer === "" ? undefined : JSON.parse(answer);
	};
	return { ask, close: () => agent.destroy() };
}

/** Calls for each number below `count`, so many at once. */
export async function eachAtOnce(count, atOnce, call) {
	let next = 0;
	const worker = async () => {
		while (next < count) await call(next++);
	};
	await Promise.all(Array.from({ length: atOnce }, worker));
}
