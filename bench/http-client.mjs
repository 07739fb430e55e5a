// Sends HTTP requests through a Unix socket as fast as they are answered, as little as a client can do. For each line
// {"socket", "connections", "count", "requests"} on its standard input it prints {"rate", "p99"}: answers a second, and the
// 99th percentile of their milliseconds.
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** How many requests were sent, for keys that are to be new: `{n}` in a request. */
let sent = 0;

/** Sends requests one after the other until there are no more, and hears how long each took. */
async function talk(socket, next, answered) {
	for (let request = next(); request !== undefined; ) request = await converse(socket, request, next, answered);
}

/** The same until the other side wants to close the connection; gives what is to be asked on another one. */
function converse(socket, first, next, answered) {
	return new Promise((resolve, reject) => {
		const connection = connect(socket);
		let begin = 0;
		let missing = 0;
		let isLast = false;
		const ask = (request) => {
			begin = performance.now();
			connection.write(request);
		};
		const end = (request) => {
			connection.destroy();
			resolve(request);
		};
		connection.on("connect", () => ask(first));
		connection.on("error", reject);
		connection.on("close", () => reject(new Error("the connection was closed without an answer")));
		connection.on("data", (chunk) => {
			if (missing === 0) {
				const text = chunk.latin1Slice(0, chunk.length);
				const head = text.indexOf("\r\n\r\n");
				const [, length] = /content-length: (\d+)/i.exec(text) ?? [];
				if (head < 0 || length === undefined) return connection.destroy(new Error(`not an answer: ${text}`));
				missing = head + 4 + Number(length);
				isLast = /connection: close/i.test(text);
			}
			missing -= chunk.length;
			if (missing > 0) return;
			answered(performance.now() - begin);
			const request = next();
			if (isLast || request === undefined) end(request);
			else ask(request);
		});
	});
}

for await (const line of createInterface(process.stdin)) {
	const { socket, connections, count, requests } = JSON.parse(line);
	const times = new Float64Array(count);
	let asked = 0;
	let answers = 0;
	const next = () => {
		if (asked === count) return undefined;
		const request = requests[asked++ % requests.length];
		return request.includes("{n}") ? request.replace("{n}", String(++sent)) : request;
	};
	const begin = performance.now();
	await Promise.all(Array.from({ length: connections }, () => talk(socket, next, (time) => (times[answers++] = time))));
	const rate = count / ((performance.now() - begin) / 1000);
	console.log(JSON.stringify({ rate, p99: times.sort()[Math.floor(count * 0.99)] }));
}
