import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { noMountNamespaces } from "../support/name-service.js";
import { OwnEtc } from "../support/own-etc.js";
import { missing, pathOf } from "../support/peers.js";
import { type Outcome, run, Sandbox, TROCLA } from "../support/sandbox.js";
import { answeringSocket, httpAnswer, leaveStale, serve } from "../support/served.js";

const PLUGINS = join(import.meta.dirname, "../../ansible/plugins/lookup");

interface Task {
	readonly [field: string]: unknown;
}

/** A playbook of these tasks on this host: what runs it, and with which environment. */
function playbook(sandbox: Sandbox, tasks: readonly Task[], env: NodeJS.ProcessEnv) {
	const play = { hosts: "localhost", connection: "local", gather_facts: false, tasks };
	writeFileSync(sandbox.path("ansible.cfg"), "");
	if (existsSync("/run/trocla/trocla.sock"))
		throw new Error("stop this machine's own daemon, which these tests would ask");
	mkdirSync(sandbox.path("runtime"), { recursive: true });
	writeFileSync(sandbox.path("site.yml"), JSON.stringify([play]));
	writeFileSync(sandbox.path("trocla"), `#!/bin/sh\nexec '${process.execPath}' '${TROCLA}' "$@"\n`, { mode: 0o755 });
	return {
		command: [pathOf("ansible-playbook"), "--inventory", "localhost,", sandbox.path("site.yml")],
		env: {
			...sandbox.env,
			ANSIBLE_LOOKUP_PLUGINS: PLUGINS,
			ANSIBLE_HOME: sandbox.path("ansible"),
			ANSIBLE_LOCAL_TEMP: sandbox.path("ansible-temp"),
			ANSIBLE_REMOTE_TEMP: sandbox.path("ansible-temp"),
			ANSIBLE_NOCOLOR: "1",
			PYTHONDONTWRITEBYTECODE: "1",
			XDG_RUNTIME_DIR: sandbox.path("runtime"),
			ANSIBLE_CONFIG: sandbox.path("ansible.cfg"),
			...env,
		},
	};
}

async function play(sandbox: Sandbox, tasks: readonly Task[], env: NodeJS.ProcessEnv): Promise<Outcome> {
	const { command, env: all } = playbook(sandbox, tasks, env);
	const [program = "", ...args] = command;
	return await run(program, args, { env: all, cwd: sandbox.directory });
}

const printed =
	(sandbox: Sandbox) =>
	async (key: string, format: string, ...flags: string[]) =>
		(await sandbox.run(["get", "--no-create", key, format, ...flags])).stdout.replace(/(?<!-----)\n$/, "");

describe.skipIf(missing("ansible-playbook"))("the Ansible lookup (needs ansible-core)", () => {
	it.skipIf(missing("unshare", "openssl") || noMountNamespaces())(
		"gives users and files their passwords, and changes nothing the second time",
		async () => {
			const sandbox = new Sandbox();
			const { socket } = await serve(sandbox);
			const { command, env } = playbook(
				sandbox,
				[
					{ user: { name: "trocla_alice", password: "{{ lookup('trocla', 'user_alice', format='sha512crypt') }}" } },
					{
						copy: {
							dest: sandbox.path("db.conf"),
							content: "{{ lookup('trocla', 'app_db', length=32, charset='shellsafe') }}",
						},
						no_log: true,
					},
				],
				{ TROCLA_SOCKET: socket },
			);
			const etc = await OwnEtc.copy(sandbox);
			const first = await etc.run(command, env);
			expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/ok=2 +changed=2 /) });
			const hash = etc.hashOf("trocla_alice");
			const password = await printed(sandbox)("user_alice", "plain");
			const openssl = await run("openssl", ["passwd", "-6", "-salt", hash.split("$")[2] ?? "", "-stdin"], {}, password);
			expect(openssl.stdout).toBe(`${hash}\n`);
			const content = (await run("cat", [sandbox.path("db.conf")])).stdout;
			expect(content).toMatch(/^[A-Za-z0-9+%/@=?_.,:]{32}$/);
			expect(content).toBe(await printed(sandbox)("app_db", "plain"));
			const second = await etc.run(command, env);
			expect(second).toMatchObject({ code: 0, stdout: expect.stringMatching(/ok=2 +changed=0 /) });
			expect(etc.hashOf("trocla_alice")).toBe(hash);
		},
	);

	it("gives the same values through the daemon and through the command", async () => {
		const sandbox = new Sandbox();
		const lookups: { readonly [name: string]: string } = {
			alone: "lookup('trocla', 'alone')",
			several: "query('trocla', 'alone', 'b c', '\"q', 'ä/ö', format='sha1')",
			options: "lookup('trocla', 'options', length=30, charset='hexadecimal')",
			nested: "lookup('trocla', 'nested', charset={'custom': 'ab'}, require={}, expires=3600)",
			variable: "lookup('trocla', key, format=form, **options)",
			part: "lookup('trocla', 'www', format='x509', CN='www', keysize=2048, render='certonly')",
			stored: "lookup('trocla', 'alone', create=false)",
			braces: "lookup('trocla', 'braces')",
		};
		const content = `{{ {${Object.entries(lookups).map(([name, call]) => `'${name}': ${call}`)}} | to_json }}`;
		const tasks = [
			{
				copy: { dest: sandbox.path("told.json"), content },
				vars: { key: "variable", form: "mysql", options: { length: 7 } },
			},
		];
		// What looks like a template is none.
		await sandbox.run(["set", "braces", "plain"], "{{ 6 * 7 }}");
		const byCommand = { TROCLA_COMMAND: sandbox.path("trocla") };
		expect(await play(sandbox, tasks, byCommand)).toMatchObject({
			code: 0,
			stdout: expect.stringMatching(/ok=1 +changed=1 /),
		});
		const get = printed(sandbox);
		const told = JSON.parse((await run("cat", [sandbox.path("told.json")])).stdout);
		expect(told).toEqual({
			alone: await get("alone", "plain"),
			several: await Promise.all(["alone", "b c", '"q', "ä/ö"].map((key) => get(key, "sha1"))),
			options: expect.stringMatching(/^[0-9a-f]{30}$/),
			nested: expect.stringMatching(/^[ab]{16}$/),
			variable: await get("variable", "mysql"),
			part: await get("www", "x509", "--render", "certonly"),
			stored: told.alone,
			braces: "{{ 6 * 7 }}",
		});
		expect(await get("variable", "plain")).toMatch(/^.{7}$/);
		const daemon = await serve(sandbox);
		const unchanged = { code: 0, stdout: expect.stringMatching(/ok=1 +changed=0 /) };
		const byDaemon = { TROCLA_COMMAND: "/bin/false", TROCLA_SOCKET: daemon.socket };
		expect(await play(sandbox, tasks, byDaemon)).toMatchObject(unchanged);
		// The default socket, which is there; and when the daemon is gone, the command.
		const found = { TROCLA_COMMAND: "/bin/false", XDG_RUNTIME_DIR: sandbox.path("run") };
		expect(await play(sandbox, tasks, found)).toMatchObject(unchanged);
		await daemon.stop();
		expect(await play(sandbox, tasks, { ...found, ...byCommand })).toMatchObject(unchanged);
	});

	it.skipIf(missing("unshare") || noMountNamespaces())(
		"asks root's daemon where one's own was killed and has left its socket",
		async () => {
			const sandbox = new Sandbox();
			await serve(sandbox);
			const tasks = [{ copy: { dest: sandbox.path("told"), content: "{{ lookup('trocla', 'k') }}" } }];
			const { command, env } = playbook(sandbox, tasks, { TROCLA_COMMAND: "/bin/false" });
			await leaveStale(sandbox.path("runtime/trocla.sock"));
			const mount = 'mount -t tmpfs tmpfs /run && mkdir /run/trocla && mount --bind "$0" /run/trocla && exec "$@"';
			const args = ["-m", "--propagation", "private", "sh", "-c", mount, sandbox.path("run"), ...command];
			expect(await run(pathOf("unshare"), args, { env, cwd: sandbox.directory })).toMatchObject({ code: 0 });
			expect((await run("cat", [sandbox.path("told")])).stdout).toBe(await printed(sandbox)("k", "plain"));
		},
	);

	it("shows what the daemon warns of", async () => {
		const sandbox = new Sandbox();
		const { socket } = await serve(sandbox);
		await sandbox.run(["get", "k", "plain", "--length", "20"]);
		const tasks = [{ debug: { msg: "{{ lookup('trocla', 'k', length=30) | length }}" } }];
		const { code, stdout, stderr } = await play(sandbox, tasks, { TROCLA_SOCKET: socket });
		expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/"msg": "?20"?/) });
		expect((stdout + stderr).replace(/\s+/g, " ")).toContain('trocla: "k" is stored with length 20, not 30.');
	});

	it("says what is wrong, with key and format and without the value", async () => {
		const sandbox = new Sandbox();
		const { socket } = await serve(sandbox);
		const silent = await answeringSocket(sandbox.path("silent.sock"));
		const stranger = await answeringSocket(sandbox.path("stranger.sock"), "220 mail.example.com ESMTP\r\n");
		const answers = async (name: string, answer: unknown) =>
			await answeringSocket(sandbox.path(name), httpAnswer(JSON.stringify(answer)));
		const closing = await answeringSocket(sandbox.path("closing.sock"), "");
		const texts = await answers("texts.sock", ["hushhush"]);
		const nested = await answers("nested.sock", [[{ value: "hushhush" }]]);
		const told = await answers("told.sock", [{ success: false, error: "hushhush" }]);
		const away = sandbox.path("away.sock");
		const by = (path: string, call: string) => `lookup('trocla', ${call}, socket='${path}')`;
		const wrong: { readonly [call: string]: RegExp } = {
			[by(socket, "'k', format='sha512crpt'")]:
				/trocla: \\"k\\" \(sha512crpt\): unknown format .*Did you mean sha512crypt\?/,
			[by(socket, "'k', lenght='hushhush'")]:
				/trocla: \\"k\\" \(plain\): option \\"lenght\\" is not known. Did you mean length\?/,
			[by(socket, "'k', create=false")]: /trocla: \\"k\\" \(plain\): \\"k\\" has no plain stored/,
			[by(socket, "'k', value='hushhush'")]: /trocla: value is no option of a value/,
			[by(socket, "'k', format='plain x'")]: /trocla: a format is one word/,
			[by(away, "'k', 'l', format='mysql'")]:
				/trocla: \\"k\\", \\"l\\" \(mysql\): nobody listens on .*away.sock. Start the daemon/,
			[by(silent, "'k', timeout=0.5")]: /trocla: \\"k\\" \(plain\): the daemon on .* did not answer in 0.5 s/,
			[by(stranger, "'k'")]: /trocla: \\"k\\" \(plain\): what answers on .* is no trocla daemon/,
			[by(closing, "'k'")]: /trocla: \\"k\\" \(plain\): the daemon on .* closed the connection without an answer/,
			[by(texts, "'k'")]: /trocla: \\"k\\" \(plain\): what answered is no trocla daemon/,
			[by(nested, "'k'")]: /trocla: \\"k\\" \(plain\): what answered is no trocla daemon/,
			[by(told, "'k'")]: /trocla: \\"k\\" \(plain\): no value in the answer/,
			[by(`/${"x".repeat(120)}`, "'k'")]: /trocla: \\"k\\" \(plain\): \/x+ can't be a socket: AF_UNIX path too long/,
			"lookup('trocla', 'k', command='/nowhere/trocla')":
				/trocla: \\"k\\" \(plain\): there is no daemon, and the command \/nowhere\/trocla can't be run/,
			"lookup('trocla', 'k', command='false')": /trocla: \\"k\\" \(plain\): the command failed/,
			"lookup('trocla', 'k', lenght='hushhush')":
				/trocla: \\"k\\" \(plain\): option \\"lenght\\" is not known. Did you mean length\?/,
		};
		const tasks = Object.keys(wrong).map((call) => ({ debug: { msg: `{{ ${call} }}` }, ignore_errors: true }));
		const { stdout, stderr } = await play(sandbox, tasks, {
			TROCLA_COMMAND: sandbox.path("trocla"),
		});
		const failures = stdout.split(/^TASK .*$/m).slice(1);
		expect(failures).toEqual(Object.values(wrong).map((shape) => expect.stringMatching(shape)));
		expect(stdout + stderr).not.toContain("hushhush");
		expect((await sandbox.run(["search", "."])).stdout).toBe("");
	});
});
