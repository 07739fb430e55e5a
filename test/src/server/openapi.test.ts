import { expect, test } from "vitest";
import { TestDaemon } from "../../support/daemon.js";

interface Operation {
	readonly operationId: string;
	readonly parameters: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
	readonly requestBody?: {
		readonly required: boolean;
		readonly content: { readonly "application/json": { readonly schema: object } };
	};
	readonly responses: { readonly [status: string]: object };
}

async function operations(): Promise<[daemon: TestDaemon, (readonly [method: string, path: string, Operation])[]]> {
	const daemon = await TestDaemon.start();
	const { json } = await daemon.send("GET", "/openapi.json");
	expect(json).toMatchObject({ openapi: "3.1.0", info: { title: "trocla", version: "0" } });
	const paths: { [path: string]: { [method: string]: Operation } } = json.paths;
	return [
		daemon,
		Object.entries(paths).flatMap(([path, methods]) =>
			Object.entries(methods).map(([method, operation]) => [method, path, operation] as const),
		),
	];
}

test("the document has each resource once, with all variables of its path", async () => {
	const [, all] = await operations();
	const troclapi = ["post", "get", "put", "patch", "delete"].map((method) => `${method} /v1/key/{key}/{format}`);
	expect(all.map(([method, path]) => `${method} ${path}`)).toEqual(
		expect.arrayContaining([
			...troclapi,
			"post /v1/create",
			"get /v1/search/{regex}",
			"get /v1/formats",
			"get /healthz",
		]),
	);
	const ids = all.map(([, , { operationId }]) => operationId);
	expect(new Set(ids).size).toBe(ids.length);
	for (const [, path, { parameters, responses }] of all) {
		const variables = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
		const inPath = parameters.filter((parameter) => parameter.in === "path");
		expect(inPath.map(({ name }) => name)).toEqual(variables);
		expect(inPath.every(({ required }) => required)).toBe(true);
		expect(Object.keys(responses)).toEqual(expect.arrayContaining(["200", "400", "403", "503"]));
	}
});

test("what it says that a request must have is what the daemon asks for", async () => {
	const [daemon, all] = await operations();
	for (const [method, path, { requestBody }] of all) {
		const sent = path.replace("{key}", "alice").replace("{format}", "plain").replace("{regex}", "x");
		if (sent === "/metrics") continue;
		const unknown = await daemon.send(method.toUpperCase(), `${sent}?unheard=of`, {
			body: { keys: [], value: "x", password: "x" },
		});
		const hasQuery = all
			.find((one) => one[0] === method && one[1] === path)?.[2]
			.parameters.some(({ in: where }) => where === "query");
		if (hasQuery) expect(unknown.status, `${method} ${path}`).toBe(400);
		if (!requestBody) continue;
		const empty = await daemon.send(method.toUpperCase(), sent);
		if (requestBody.required) expect(empty.status, `${method} ${path}`).toBe(400);
		else expect(empty.status, `${method} ${path}`).toBe(200);
	}
});

test("no resource is open to everybody on HTTPS but those that tell nothing of the store", async () => {
	const daemon = await TestDaemon.start({ rules: [{ who: "socket", may: ["sign"], keys: ["none"] }] });
	const { json } = await daemon.send("GET", "/openapi.json");
	const paths: { [path: string]: { [method: string]: Operation } } = json.paths;
	const open: string[] = [];
	for (const [path, methods] of Object.entries(paths)) {
		for (const method of Object.keys(methods)) {
			const sent = path.replace("{key}", "alice").replace("{format}", "plain").replace("{regex}", "x");
			const body = { keys: [{ key: "alice", value: "x" }], value: "x", password: "x" };
			const answer = await daemon.send(method.toUpperCase(), sent, { ...(method !== "get" && { body }) });
			const isRefused = answer.status === 403 || answer.json?.[0]?.error?.code === "forbidden";
			if (!isRefused) open.push(path);
		}
	}
	expect(open.sort()).toEqual(["/healthz", "/login", "/readyz", "/v1/whoami"]);
});
