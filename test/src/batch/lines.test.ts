import fc from "fast-check";
import { expect, test } from "vitest";
import { splitLines } from "../../../src/batch/lines.js";

async function split(chunks: readonly string[], most = 1000): Promise<string[]> {
	async function* stream() {
		for (const chunk of chunks) yield Buffer.from(chunk, "latin1");
	}
	const lines: string[] = [];
	for await (const line of splitLines(stream(), most)) lines.push(line.toString("latin1"));
	return lines;
}

test("a stream has the same lines however it is cut", async () => {
	const chunks = fc.array(fc.string({ unit: fc.constantFrom("a", "\n", "\xff", "bcd"), maxLength: 6 }), {
		maxLength: 9,
	});
	const property = fc.asyncProperty(chunks, async (chunks) => {
		const text = chunks.join("");
		const expected = text.endsWith("\n") || text === "" ? text.split("\n").slice(0, -1) : text.split("\n");
		expect(await split(chunks)).toEqual(expected);
		expect(await split(chunks, 2)).toEqual(expected.map((line) => line.slice(0, 3)));
	});
	await fc.assert(property);
});

test("a line without an end does not fill the memory", async () => {
	async function* endless() {
		const chunk = Buffer.alloc(1024 * 1024, "x");
		for (let n = 0; n < 2000; n++) yield chunk;
	}
	const before = process.memoryUsage().rss;
	for await (const line of splitLines(endless(), 100)) expect(line).toHaveLength(101);
	expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
});
