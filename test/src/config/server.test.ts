import { expect, test } from "vitest";
import { User } from "../../support/user.js";

async function refusal(config: object) {
	const error = await new User().load(JSON.stringify(config)).catch((error: unknown) => error);
	const { code, message, hint } = error as { code: string; message: string; hint?: string };
	expect(code).toBe("config");
	return [message.replace(/^\S+: /, ""), hint];
}

test("a daemon's place is a socket, or a host with the port of trocla serve unless told", async () => {
	const user = new User();
	const place = async (server: string) => (await user.load(JSON.stringify({ server }))).server;
	expect(await place("unix:run/t.sock")).toMatchObject({ at: { socketPath: `${user.home}/run/t.sock` }, seconds: 60 });
	expect(await place("unix:~/t.sock")).toMatchObject({ name: `unix:${user.home}/t.sock` });
	expect(await place("https://db.example.com")).toMatchObject({ at: { host: "db.example.com", port: 8443 } });
	expect(await place("https://db.example.com:443/")).toMatchObject({ name: "https://db.example.com:443" });
	expect(await place("https://[::1]:9000")).toMatchObject({ name: "https://[::1]:9000", at: { host: "::1" } });
});

test("what a client shows to the daemon is a file of the configuration's, a variable or a credential", async () => {
	const user = new User();
	const options = { token_file: "token", certificate: "c.pem", key: "~/k.pem", ca: "/ca.pem", seconds: 5 };
	const { server } = await user.load(JSON.stringify({ server: "https://x", server_options: options }));
	expect(server).toMatchObject({
		token: { kind: "file", path: `${user.home}/token` },
		...{ certificate: `${user.home}/c.pem`, key: `${user.home}/k.pem`, ca: "/ca.pem", seconds: 5 },
	});
	const token = async (one: object) =>
		(await user.load(JSON.stringify({ server: "unix:s", server_options: one }))).server?.token;
	expect(await token({ token_env: "TOKEN" })).toEqual({ kind: "env", name: "TOKEN" });
	expect(await token({ token_credential: "trocla.token" })).toEqual({ kind: "credential", name: "trocla.token" });
});

test("a configuration is a store's or a client's, and not both", async () => {
	const server = "unix:/run/trocla/trocla.sock";
	const ofStores = {
		...{ store: "sqlite", store_options: { path: "s" }, on_handed_out: "refuse", hooks: {}, audit: { file: "a" } },
		...{ encryption: "none", encryption_options: { accept_plain: true }, publish: {}, serve: {}, formats: {} },
		...{ options: { length: 20 }, profiles: {} },
	};
	for (const [name, value] of Object.entries(ofStores)) {
		expect(await refusal({ server, [name]: value })).toEqual([
			`${name} and server don't go together: the store is where the daemon is`,
			expect.stringContaining(`Take ${name} out of here; the configuration of the daemon, ${server}`),
		]);
	}
	const { createOnGet, hiera } = await new User().load(
		JSON.stringify({ server, create_on_get: false, hiera: { environment: "test" }, accounts: { min_uid: 500 } }),
	);
	expect([createOnGet, hiera]).toEqual([false, { environment: "test" }]);
});

test("what is no daemon's place is refused, and no secret in the wrong place is shown", async () => {
	const secret = "s3cret token!";
	const at = (server_options: object, server = "https://x") => ({ server, server_options });
	const faults: [config: object, message: string | RegExp, hint?: string | RegExp][] = [
		[{ server: "http://x:80" }, "server: http:// would show every password on its way", /https/],
		[{ server: "ftp://x" }, /^server: "ftp:\/\/x" is no daemon's place$/, /unix:/],
		[{ server: "https://" }, /no daemon's place/],
		[{ server: "https://x:99999" }, /no daemon's place/],
		[{ server: "https://x/path" }, /no daemon's place/],
		[{ server: "https://user@x" }, /no daemon's place/],
		[{ server: "unix:" }, "server must be a file's path"],
		[{ server: 5 }, /^server: 5 is no/],
		[{ server_options: { seconds: 5 } }, "server_options is of no use without server", /^As in/],
		[at({ sekonds: 1 }), 'server_options: unknown key "sekonds"', "Did you mean seconds?"],
		[at({ seconds: 0 }), /^server_options.seconds must be a whole number from 1 to 3600/],
		[at({ token_file: "a", token_env: "B" }), "server_options names token_file and token_env", "Keep one of them"],
		[at({ token_env: secret }), "server_options.token_env must be a variable's name"],
		[at({ token_credential: secret }), /^server_options.token_credential must be/],
		[at({ certificate: "c" }), "server_options: certificate and key go together"],
		[at({ ca: "c" }, "unix:s"), "server_options.ca is for https://"],
	];
	for (const [config, message, hint] of faults) {
		const told = await refusal(config);
		const like = (text: string | RegExp) => (typeof text === "string" ? text : expect.stringMatching(text));
		expect(told).toEqual([like(message), hint === undefined ? told[1] : like(hint)]);
		expect(told.join()).not.toContain(secret);
	}
});
