import { createHash } from "node:crypto";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { noMountNamespaces } from "../support/name-service.js";
import { OwnEtc } from "../support/own-etc.js";
import { missing, pathOf } from "../support/peers.js";
import { PuppetSite } from "../support/puppet-site.js";
import { run, Sandbox } from "../support/sandbox.js";
import { answeringSocket, deafSocket, drippingSocket, httpAnswer, serve } from "../support/served.js";

/** A site whose `trocla.yaml` names the daemon's socket. */
async function site() {
	const sandbox = new Sandbox();
	const daemon = await serve(sandbox);
	const puppet = new PuppetSite(sandbox);
	puppet.write("conf/trocla.yaml", `socket: ${daemon.socket}\n`);
	const get = async (key: string, format: string, ...flags: string[]) => {
		const { stdout } = await sandbox.run(["get", "--no-create", key, format, ...flags]);
		return stdout.replace(/(?<!-----)\n$/, "");
	};
	return { sandbox, daemon, puppet, get };
}

describe.skipIf(missing("puppet"))("the Puppet module (needs puppet-agent)", () => {
	it.skipIf(missing("unshare", "openssl") || noMountNamespaces())(
		"makes users and files with passwords, and changes nothing the second time",
		async () => {
			const { sandbox, puppet, get } = await site();
			puppet.write(
				"site.pp",
				`user { 'trocla_alice': ensure => present, password => trocla('user_alice', 'sha512crypt') }
				user { 'trocla_bob': ensure => present, password => trocla('user_bob', 'yescrypt', { 'sensitive' => true }) }
				file { '${sandbox.path("db.conf")}':
					mode    => '0600',
					content => trocla::gsub("password=%%TROCLA_db%%\\n", { 'prefix' => 'app_' }),
				}`,
			);
			const etc = await OwnEtc.copy(sandbox);
			const apply = () =>
				etc.run([pathOf("puppet"), ...puppet.command(["apply", "--detailed-exitcodes", sandbox.path("site.pp")])]);
			const first = await apply();
			expect(first).toMatchObject({ code: 2 });
			const shadow = etc.read("shadow");
			const password = await get("user_alice", "plain");
			const [, , salt = ""] = etc.hashOf("trocla_alice").split("$");
			const openssl = await run("openssl", ["passwd", "-6", "-salt", salt, "-stdin"], {}, password);
			expect(openssl.stdout).toBe(`${etc.hashOf("trocla_alice")}\n`);
			expect(etc.hashOf("trocla_bob")).toBe(await get("user_bob", "yescrypt"));
			expect(readFileSync(sandbox.path("db.conf"), "utf8")).toBe(`password=${await get("app_db", "plain")}\n`);
			for (const text of [first.stdout, first.stderr]) expect(text).not.toContain(await get("user_bob", "yescrypt"));
			const second = await apply();
			expect(second).toMatchObject({ code: 0 });
			expect(etc.read("shadow")).toBe(shadow);
		},
	);

	describe.skipIf(missing("unshare", "systemd-analyze") || noMountNamespaces())("the class", () => {
		/** Applies the class where /etc is a copy of this machine's. */
		async function machine() {
			const { sandbox, puppet } = await site();
			const etc = await OwnEtc.copy(sandbox);
			const apply = async (parameters: string, ...flags: string[]) => {
				puppet.write("site.pp", `class { 'trocla': ${parameters} }`);
				const args = ["apply", "--detailed-exitcodes", ...flags, sandbox.path("site.pp")];
				const env = { ...sandbox.env, npm_config_prefix: sandbox.path("prefix"), npm_config_offline: "true" };
				return await etc.run([pathOf("puppet"), ...puppet.command(args)], env);
			};
			return { sandbox, etc, apply };
		}
		// The package's own directory, as npm would install it.
		const root = join(import.meta.dirname, "../..");
		const installed = `directory => '${root}', command => '${process.execPath}', socket_group => 'root'`;
		const alone = `${installed}, manage_service => false`;

		it("configures the daemon so that the functions find it, and changes nothing the second time", async () => {
			const { sandbox, etc, apply } = await machine();
			const config = { store_options: { path: sandbox.store }, options: { length: 33 }, serve: { log: "failures" } };
			const configured = `config => ${puppetHash(config)}`;
			expect(await apply(`${configured}, ${alone}`)).toMatchObject({ code: 2 });
			expect(await apply(`${configured}, ${alone}`)).toMatchObject({ code: 0 });
			const made = await sandbox.run(["get", "k", "plain", "--config", sandbox.path("etc/troclarc.yaml")]);
			expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^.{33}\n$/), stderr: "" });
			const units = ["trocla.service", "trocla.socket"].map((name) => `/etc/systemd/system/${name}`);
			const verified = await etc.run([pathOf("systemd-analyze"), "verify", ...units]);
			expect(verified).toEqual({ code: 0, stdout: "", stderr: "" });
			const whole = await apply(`${configured}, ${installed}`, "--noop");
			expect(whole.stdout).toMatch(/^Notice: Applied catalog/m);
			expect(whole.stderr).not.toMatch(/^Error: (?!Facter)/m);
		});

		it("gives each file its content, owner and mode, and puts back what somebody changed", async () => {
			const { sandbox, etc, apply } = await machine();
			const configured = `config => { 'options' => { 'length' => 33 } }, ${alone}`;
			expect(await apply(configured)).toMatchObject({ code: 2 });
			const state = () =>
				Object.fromEntries(
					Object.keys(files).map((name) => {
						const { mode, uid, gid } = statSync(sandbox.path(`etc/${name}`));
						return [name, { text: etc.read(name), mode: (mode & 0o777).toString(8), uid, gid }];
					}),
				);
			const unit = (name: string) => readFileSync(join(root, "systemd", name), "utf8");
			const page = `file://${root}/docs/server.md`;
			const files: { readonly [name: string]: [text: string, mode: string] } = {
				"troclarc.yaml": ["# Puppet writes this file: class trocla.\n---\noptions:\n  length: 33\n", "600"],
				"systemd/system/trocla.service": [unit("trocla.service"), "644"],
				"systemd/system/trocla.socket": [unit("trocla.socket"), "644"],
				"systemd/system/trocla.service.d/command.conf": [
					`[Unit]\nDocumentation=\nDocumentation=${page}\n\n[Service]\nExecStart=\nExecStart=${process.execPath} serve\n`,
					"644",
				],
				"systemd/system/trocla.socket.d/group.conf": ["[Socket]\nSocketGroup=root\nSocketMode=0660\n", "644"],
			};
			const wanted = Object.fromEntries(
				Object.entries(files).map(([name, [text, mode]]) => [name, { text, mode, uid: 0, gid: 0 }]),
			);
			expect(state()).toEqual(wanted);
			for (const name of Object.keys(files)) {
				writeFileSync(sandbox.path(`etc/${name}`), "changed");
				chmodSync(sandbox.path(`etc/${name}`), 0o666);
				chownSync(sandbox.path(`etc/${name}`), 65534, 65534);
			}
			expect(await apply(configured)).toMatchObject({ code: 2 });
			expect(state()).toEqual(wanted);
			expect(await apply(configured)).toMatchObject({ code: 0 });
			// Without a configuration its file is left alone.
			writeFileSync(sandbox.path("etc/troclarc.yaml"), "options: {length: 44}\n", { mode: 0o600 });
			expect(await apply(alone)).toMatchObject({ code: 0 });
			expect(etc.read("troclarc.yaml")).toBe("options: {length: 44}\n");
		});

		it("shows nothing of a Sensitive configuration", async () => {
			const { etc, apply } = await machine();
			const configured = (value: string) =>
				`config => Sensitive({ 'hooks' => { 'set' => { 'x' => '/hushhush/${value}' } } }), ${alone}`;
			const outcomes = [
				await apply(configured("one"), "--show_diff"),
				await apply(configured("two"), "--show_diff", "--debug"),
			];
			expect(etc.read("troclarc.yaml")).toContain("/hushhush/two");
			for (const { code, stdout, stderr } of outcomes) {
				expect(code).toBe(2);
				expect(stdout + stderr).not.toContain("hushhush");
			}
		});

		it("has npm install the package, once, and another version in its place", async () => {
			const { sandbox, apply } = await machine();
			const directory = sandbox.path("prefix/lib/node_modules/trocla");
			const pack = async (version: string) => {
				const from = sandbox.path(`package-${version}`);
				mkdirSync(join(from, "systemd"), { recursive: true });
				writeFileSync(join(from, "package.json"), JSON.stringify({ name: "trocla", version }, null, 2));
				for (const name of ["trocla.service", "trocla.socket"]) {
					copyFileSync(join(root, "systemd", name), join(from, "systemd", name));
				}
				expect(await run("npm", ["pack", "--silent"], { cwd: from })).toMatchObject({ code: 0 });
				return join(from, `trocla-${version}.tgz`);
			};
			const parameters = async (version: string) =>
				`package => '${await pack(version)}', version => '${version}', directory => '${directory}', manage_service => false`;
			const version = () => JSON.parse(readFileSync(join(directory, "package.json"), "utf8")).version;
			for (const wanted of ["0.2.0", "0.2.1"]) {
				expect(await apply(await parameters(wanted))).toMatchObject({ code: 2 });
				expect(version()).toBe(wanted);
				expect(await apply(await parameters(wanted))).toMatchObject({ code: 0 });
			}
		});
	});

	it("tells once what the daemon warns of", async () => {
		const { sandbox, puppet } = await site();
		await sandbox.run(["get", "k", "plain", "--length", "20"]);
		const manifest =
			"notice(trocla('k', 'plain', 'length: 30').length) notice(trocla('k', 'plain', 'length: 30').length)";
		const { code, stdout, stderr } = await puppet.apply(manifest);
		expect(code).toBe(0);
		expect((stdout + stderr).match(/trocla: "k" is stored with length 20, not 30/g)).toHaveLength(1);
	});

	it("takes all forms of arguments that puppet-trocla takes", async () => {
		const { sandbox, puppet, get } = await site();
		const manifest = `
			check::tell('${sandbox.path("told.json")}', {
				'alone'     => trocla('alone'),
				'format'    => trocla('alone', 'sha512crypt'),
				'undef'     => trocla('alone', undef, undef),
				'hash'      => trocla('hash', 'plain', { 'length' => 30, 'charset' => 'hexadecimal', 'expires' => undef }),
				'yaml'      => trocla('yaml', 'plain', "length: 9\\ncharset: numeric\\n"),
				'line'      => trocla('line', 'plain', 'length: 9, charset: numeric'),
				'no yaml'   => trocla('empty', 'plain', ''),
				'nested'    => trocla('nested', 'plain', { 'plain' => { 'length' => 7 }, 'length' => 50 }),
				'role'      => trocla('role', 'pgsql', { 'encode' => 'md5', 'username' => Sensitive('app') }),
				'secret'    => trocla('secret', 'plain', Sensitive('length: 11')),
				'sensitive' => trocla('alone', 'plain', { 'sensitive' => true }),
				'odd'       => trocla("a/b ../c%2F\\u00e4?#.", 'plain'),
				'dots'      => trocla('..', 'plain'),
				'cert'      => trocla('www', 'x509', 'CN: www.example.com, keysize: 2048'),
				'get'       => trocla_get('alone', 'sha512crypt'),
				'get plain' => trocla_get('alone'),
				'get part'  => trocla_get('www', 'x509', 'render: certonly'),
				'get flags' => trocla_get('www', 'x509', { 'render' => { 'publickeyonly' => true } }),
				'get raise' => trocla_get('alone', 'plain', true),
				'get none'  => trocla_get('nobody', 'plain', false),
				'get hash'  => trocla_get('nobody', 'plain', { 'raise_error' => false }),
				'get yaml'  => trocla_get('nobody', 'plain', 'raise_error: false'),
				'get secret' => trocla_get('alone', 'plain', { 'sensitive' => true, 'raise_error' => false }),
				'set'       => trocla_set('set', 'mysecret'),
				'set hash'  => trocla_set('set hash', '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19', 'mysql'),
				'set other' => trocla_set('set other', 'mysecret', 'plain', 'mysql'),
				'set role'  => trocla_set('set role', 'mysecret', 'plain', 'pgsql', { 'encode' => 'md5', 'username' => 'r' }),
				'set undef' => trocla_set('set undef', 'mysecret', undef, undef, undef),
				'set secret' => trocla_set('set secret', Sensitive('mysecret')),
				'set secret hash' => trocla_set('set other', Sensitive('mysecret'), 'plain', 'mysql'),
				'set not secret' => trocla_set('set secret', Sensitive('mysecret'), 'plain', 'plain', 'sensitive: false'),
				'gsub'      => trocla::gsub("<%%TROCLA_alone%%>%%TROCLA_alone%%\\n%TROCLA_x%%"),
				'gsub more' => trocla::gsub('%%TROCLA_a%% %%TROCLA_b%%', { 'prefix' => 'p-', 'key_to_prefix' => { 'b' => 'q-' } }),
				'gsub undef' => trocla::gsub('%%TROCLA_alone%%', undef),
				'gsub secret' => trocla::gsub(Sensitive('%%TROCLA_alone%%'), {}),
			})`;
		expect(await puppet.apply(manifest)).toMatchObject({ code: 0 });
		const told = puppet.told("told.json");
		const alone = await get("alone", "plain");
		const certificate = await get("www", "x509");
		expect(told).toEqual({
			alone,
			format: await get("alone", "sha512crypt"),
			undef: alone,
			hash: expect.stringMatching(/^[0-9a-f]{30}$/),
			yaml: expect.stringMatching(/^[0-9]{9}$/),
			line: expect.stringMatching(/^[0-9]{9}$/),
			"no yaml": expect.stringMatching(/^.{16}$/),
			nested: expect.stringMatching(/^.{7}$/),
			role: expect.stringMatching(/^md5[0-9a-f]{32}$/),
			secret: expect.stringMatching(/^.{11}$/),
			sensitive: { sensitive: alone },
			odd: await get("a/b ../c%2Fä?#.", "plain"),
			dots: await get("..", "plain"),
			cert: certificate,
			get: await get("alone", "sha512crypt"),
			"get plain": alone,
			"get part": await get("www", "x509", "--render", "certonly"),
			"get flags": await get("www", "x509", "--render", "publickeyonly"),
			"get raise": alone,
			"get none": null,
			"get hash": null,
			"get yaml": null,
			"get secret": { sensitive: alone },
			set: "mysecret",
			"set hash": "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
			"set other": nativePassword("mysecret"),
			"set role": expect.stringMatching(/^md5[0-9a-f]{32}$/),
			"set undef": "mysecret",
			"set secret": { sensitive: "mysecret" },
			"set secret hash": { sensitive: nativePassword("mysecret") },
			"set not secret": "mysecret",
			gsub: `<${alone}>${alone}\n%TROCLA_x%%`,
			"gsub more": `${await get("p-a", "plain")} ${await get("q-b", "plain")}`,
			"gsub undef": alone,
			"gsub secret": { sensitive: alone },
		});
		expect(await puppet.apply(manifest)).toMatchObject({ code: 0 });
		expect(puppet.told("told.json")).toEqual(told);
	});

	it("says in 5 seconds what is wrong, with key and format and without the value", async () => {
		const { sandbox, daemon, puppet } = await site();
		const silent = await answeringSocket(sandbox.path("silent.sock"));
		const stranger = await answeringSocket(sandbox.path("stranger.sock"), "220 mail.example.com ESMTP\r\n");
		const closing = await answeringSocket(sandbox.path("closing.sock"), "");
		const deaf = await deafSocket(sandbox.path("deaf.sock"));
		const strange = async (name: string, answer: string) => await answeringSocket(sandbox.path(name), answer);
		const lists = await strange("lists.sock", httpAnswer(`${"[".repeat(200)}"hushhush"${"]".repeat(200)}`));
		const bytes = await strange("bytes.sock", httpAnswer("\u0000\u00ff hushhush"));
		const packed = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 8\r\n\r\nhushhush";
		const headers = "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nhushhush";
		const nothing = "HTTP/1.1 204 No Content\r\n\r\n";
		const odd = await Promise.all(
			[packed, headers, nothing].map((answer, index) => strange(`odd${index}.sock`, answer)),
		);
		const unsized = await answeringSocket(sandbox.path("unsized.sock"), "HTTP/1.1 200 OK\r\n\r\n{}");
		const dripping = await drippingSocket(
			sandbox.path("dripping.sock"),
			`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(99)}`,
			100,
		);
		puppet.write("stale.sock", "");
		const at = (path: string, call: string) =>
			`{ check::env('TROCLA_SOCKET', '${path}') check::failure() || { ${call} } }`;
		const away = sandbox.path("away.sock");
		const calls: { readonly [name: string]: string } = {
			option: at(daemon.socket, "trocla('k', 'plain', Sensitive('lenght: hushhush'))"),
			yaml: at(daemon.socket, "trocla('k', 'plain', 'hushhush: [')"),
			list: at(daemon.socket, "trocla('k', 'plain', '[hushhush]')"),
			type: at(daemon.socket, "trocla('k', 'plain', { 'passphrase' => Sensitive(/hushhush/) })"),
			format: at(daemon.socket, "trocla('k', 'sha512crpt')"),
			missing: at(daemon.socket, "trocla_get('k', 'mysql')"),
			set: at(daemon.socket, "trocla_set('k', 'hushhush', 'nope')"),
			"no plain": at(daemon.socket, "trocla_set('k2', '*AAA', 'mysql', 'sha512crypt')"),
			empty: at(daemon.socket, "trocla('')"),
			nested: at(daemon.socket, `trocla('k', 'plain', { 'mysql' => ${"[".repeat(101)}'hushhush'${"]".repeat(101)} })`),
			deep: at(daemon.socket, `trocla('k', 'plain', { 'mysql' => ${"[".repeat(40)}'hushhush'${"]".repeat(40)} })`),
			"get nested": at(daemon.socket, `trocla_get('k', 'plain', { 'mysql' => ${"[".repeat(101)}1${"]".repeat(101)} })`),
			long: at(`/${"x".repeat(110)}`, "trocla('k', 'mysql')"),
			relative: at("t.sock", "trocla_get('k', 'mysql')"),
			deaf: at(deaf, "trocla_set('k', sprintf('%01000000d', 1))"),
			lists: at(lists, "trocla('k', 'mysql')"),
			bytes: at(bytes, "trocla('k', 'mysql')"),
			...Object.fromEntries(odd.map((path, index) => [`odd${index}`, at(path, "trocla_get('k', 'mysql')")])),
			away: at(away, "trocla('k', 'sha512crypt')"),
			"away set": at(away, "trocla_set('k', 'hushhush')"),
			stale: at(sandbox.path("stale.sock"), "trocla('k')"),
			silent: at(silent, "trocla('k', 'sha512crypt')"),
			stranger: at(stranger, "trocla('k')"),
			unsized: at(unsized, "trocla('k')"),
			dripping: at(dripping, "trocla('k')"),
			closing: at(closing, "trocla('k')"),
			"closing set": at(closing, "trocla_set('k', 'hushhush')"),
			gsub: at(away, "trocla::gsub('%%TROCLA_k%%')"),
			well: at(daemon.socket, "trocla('k')"),
		};
		const lines = Object.entries(calls).map(([name, call]) => `'${name}' => [1].map |$_| ${call},`);
		const { code, stdout, stderr } = await puppet.apply(
			`check::tell('${sandbox.path("told.json")}', {\n${lines.join("\n")}\n})`,
		);
		expect({ code, stderr: stderr.includes("Evaluation Error") }).toEqual({ code: 0, stderr: false });
		expect(stdout + stderr).not.toContain("hushhush");
		const told = puppet.told("told.json") as { [name: string]: [{ message: string; seconds: number }] };
		const said =
			/^Evaluation Error: Error while evaluating a Function Call, (.*) \(file: \S+, line: \d+, column: \d+\)$/;
		const messages = Object.fromEntries(
			Object.entries(told).map(([name, [{ message }]]) => [name, message?.replace(said, "$1")]),
		);
		expect(JSON.stringify(messages)).not.toContain("hushhush");
		expect(messages).toEqual({
			option: expect.stringMatching(/^trocla: "k" \(plain\): option "lenght" is not known. Did you mean length\?$/),
			yaml: expect.stringMatching(/^trocla: "k" \(plain\): the options are a Hash, or such a map as YAML text$/),
			list: expect.stringMatching(/^trocla: "k" \(plain\): the options are a Hash, or such a map as YAML text$/),
			type: expect.stringMatching(/^trocla: "k" \(plain\): an option can't be a Regexp$/),
			format: expect.stringMatching(/^trocla: "k" \(sha512crpt\): unknown format "sha512crpt".*sha512crypt/),
			missing: expect.stringMatching(/^trocla: "k" \(mysql\) is not stored. trocla\("k", "mysql"\) would make it$/),
			set: expect.stringMatching(/^trocla: "k" \(nope\): unknown format/),
			"no plain": expect.stringMatching(/^trocla: "k2" \(sha512crypt\): /),
			empty: expect.stringMatching(/'key' expects a String\[1\]/),
			nested: expect.stringMatching(
				/^trocla: "k" \(plain\): an option has more than 100 maps and lists in each other$/,
			),
			deep: expect.stringMatching(/^trocla: "k" \(plain\): the body has more than 32 maps and lists in each other$/),
			"get nested": expect.stringMatching(/^trocla: "k" \(plain\): an option has more than 100 maps and lists/),
			long: expect.stringMatching(
				/^trocla: "k" \(mysql\): \$TROCLA_SOCKET is the absolute path of a socket, of at most 107/,
			),
			relative: expect.stringMatching(/^trocla: "k" \(mysql\): \$TROCLA_SOCKET is the absolute path of a socket/),
			deaf: expect.stringMatching(/^trocla: "k" \(plain\): .*did not answer in 5 s/),
			lists: expect.stringMatching(/^trocla: "k" \(mysql\): .* is no trocla daemon/),
			bytes: expect.stringMatching(/^trocla: "k" \(mysql\): .* is no trocla daemon/),
			odd0: expect.stringMatching(/^trocla: "k" \(mysql\): .* is no trocla daemon/),
			odd1: expect.stringMatching(/^trocla: "k" \(mysql\): .* is no trocla daemon/),
			odd2: expect.stringMatching(/^trocla: "k" \(mysql\): .* is no trocla daemon/),
			away: expect.stringMatching(/^trocla: "k" \(sha512crypt\): .*nobody listens there. Start it/),
			"away set": expect.stringMatching(/^trocla: "k" \(plain\): .*nobody listens there. Start it/),
			stale: expect.stringMatching(/^trocla: "k" \(plain\): .*nobody listens there. Start it/),
			silent: expect.stringMatching(/^trocla: "k" \(sha512crypt\): .*did not answer in 5 s/),
			stranger: expect.stringMatching(/^trocla: "k" \(plain\): .* is no trocla daemon/),
			unsized: expect.stringMatching(/^trocla: "k" \(plain\): .* is no trocla daemon/),
			dripping: expect.stringMatching(/^trocla: "k" \(plain\): .*did not answer in 5 s/),
			closing: expect.stringMatching(/^trocla: "k" \(plain\): .*closed the connection without an answer, twice/),
			"closing set": expect.stringMatching(/^trocla: "k" \(plain\): .*The value may be stored: run Puppet again$/),
			gsub: expect.stringMatching(/^trocla: "k" \(plain\): .*nobody listens there/),
			well: undefined, // nothing went wrong
		});
		for (const [, [{ seconds }]] of Object.entries(told)) expect(seconds).toBeLessThan(5.5);
	});

	it("takes long values, and answers that come in pieces", async () => {
		const { sandbox, puppet, get } = await site();
		const long = "0123456789 ü €".repeat(30_000);
		const body = '{"format":"plain","value":"in pieces, ü","success":true}';
		const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
		const pieces = await drippingSocket(sandbox.path("pieces.sock"), answer, 2);
		const told = await puppet.apply(`
			$set = trocla_set('long', '${long}')
			$got = trocla('long')
			check::env('TROCLA_SOCKET', '${pieces}')
			check::tell('${sandbox.path("told.json")}', { 'set' => $set, 'got' => $got, 'pieces' => trocla('k') })`);
		expect(told).toMatchObject({ code: 0 });
		expect(puppet.told("told.json")).toEqual({ set: long, got: long, pieces: "in pieces, ü" });
		expect(await get("long", "plain")).toBe(long);
	});

	it("goes on in the same catalog when the daemon was killed and is started again", async () => {
		const { sandbox, daemon, puppet, get } = await site();
		const file = sandbox.path("told.json");
		const killed = await puppet.apply(`
			$first = trocla('first')
			check::kill('${daemon.pidFile}', 'KILL')
			$second = trocla('second', 'sha512crypt')
			check::kill('${daemon.pidFile}', 'TERM')
			$third = trocla_set('third', 'of-mine')
			check::tell('${file}', { 'first' => $first, 'second' => $second, 'again' => trocla('first') })`);
		expect(killed).toMatchObject({ code: 0 });
		await vi.waitFor(() => expect(daemon.starts()).toBe(3), 10_000);
		const first = await get("first", "plain");
		expect(puppet.told("told.json")).toEqual({ first, second: await get("second", "sha512crypt"), again: first });
		expect(await get("third", "plain")).toBe("of-mine");
	});
});

describe.skipIf(missing("puppet"))("a Hiera level of trocla_lookup_key (needs puppet-agent)", () => {
	const NODE = "www1.example.com";
	const hierarchy = {
		version: 5,
		defaults: { datadir: "data", data_hash: "yaml_data" },
		hierarchy: [
			{ name: "Host", path: "hosts/%{facts.host}.yaml" },
			{
				name: "Passwords",
				lookup_key: "trocla_lookup_key",
				// Of the Ruby trocla, whose configuration the module's client has no use for.
				options: {
					trocla_hierarchy: ["hosts/%{facts.host}", "roles/%{facts.role}", "defaults"],
					config: "/nowhere",
				},
			},
			{ name: "Common", path: "common.yaml" },
		],
	};
	/** Keys that are asked for, and what each is to look like. */
	const asked: { readonly [key: string]: RegExp } = {
		"trocla_lookup::plain::any": /^[0-9a-f]{24}$/,
		"trocla_lookup::plain::own": /^[0-9]{30}$/,
		"trocla_lookup::sha512crypt::own": /^\$6\$rounds=2000\$/,
		"trocla_lookup::mysql::any": /^\*[0-9A-F]{40}$/,
		"trocla_hierarchy::plain::any": /^[0-9a-f]{24}$/,
		"trocla_hierarchy::plain::role": /^[0-9a-f]{24}$/,
		"trocla_hierarchy::plain::below": /^of-all$/,
		"trocla_hierarchy::sha1::any": /^\{SHA\}/,
		"trocla_lookup::x509::cert": /^-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n$/,
		"trocla_lookup::x509::cert_key": /^-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----\n$/,
		'"trocla_lookup::plain::with.dots"': /^[0-9]{5}$/,
		"trocla_lookup::plain::a::b": /^[0-9a-f]{24}$/,
	};
	const common = {
		lookup_options: { trocla_options: { merge: "first" } },
		trocla_options: { length: 5, plain: { charset: "hexadecimal" } },
		"trocla_options::own": { length: 30, plain: { charset: "numeric" }, sha512crypt: { rounds: 2000 } },
		"trocla_options::role": { order_override: "roles/%{facts.role}" },
		"trocla_options::cert": { x509: { CN: "www", keysize: 2048, render: { certonly: true } } },
		"trocla_options::cert_key": { x509: { CN: "www", trocla_key: "cert", render: { keyonly: true } } },
		"trocla_options::with.dots": { length: 5, charset: "numeric", plain: { charset: "numeric" } },
		all: Object.fromEntries(Object.keys(asked).map((key) => [key, `%{lookup('${key}')}`])),
		none: "%{lookup('trocla_lookup::plain')}<%{lookup('trocla_other::plain::x')}>",
	};
	const host = { trocla_options: { length: 24 } };

	it.each(["Puppet", "trocla"] as const)("gives the same by Puppet and by trocla, asked by %s first", async (first) => {
		const { sandbox, puppet } = await site();
		puppet.write("hiera.yaml", JSON.stringify(hierarchy));
		puppet.write("data/common.yaml", JSON.stringify(common));
		puppet.write(`data/hosts/${NODE}.yaml`, JSON.stringify(host));
		puppet.write("facts.yaml", JSON.stringify({ role: "web", host: NODE }));
		await sandbox.run(["set", "hiera/defaults/below", "plain"], "of-all");
		const where = ["--node", NODE, "--facts", sandbox.path("facts.yaml"), "--render-as", "json"];
		const ask = {
			Puppet: (key: string) => puppet.run(["lookup", key, ...where, "--hiera_config", sandbox.path("hiera.yaml")]),
			trocla: (key: string) => sandbox.run(["lookup", key, ...where, "--hiera-config", "hiera.yaml"]),
		};
		const second = first === "Puppet" ? "trocla" : "Puppet";
		const answer = await ask[first]("all");
		expect(answer).toMatchObject({ code: 0 });
		const values = JSON.parse(answer.stdout);
		expect(values).toEqual(
			Object.fromEntries(Object.entries(asked).map(([key, shape]) => [key, expect.stringMatching(shape)])),
		);
		const keys = await sandbox.run(["search", "."]);
		expect(keys.stdout.split("\n").slice(0, -1)).toEqual([
			"a::b",
			"any",
			"cert",
			"hiera/defaults/below",
			`hiera/hosts/${NODE}/any`,
			"hiera/roles/web/role",
			"own",
			"with.dots",
		]);
		for (const other of [first, second] as const) {
			expect(JSON.parse((await ask[other]("all")).stdout)).toEqual(values);
		}
		expect(JSON.parse((await ask[second]("none")).stdout)).toEqual("<>");
		expect(await sandbox.run(["search", "."])).toEqual(keys);
	});
});

/** A hash without strings that need quoting, as Puppet's language has it. */
const puppetHash = (hash: object) => JSON.stringify(hash).replaceAll(":", " => ").replaceAll('"', "'");

/** MariaDB's definition of mysql_native_password. */
const nativePassword = (password: string) => {
	const sha1 = (text: string | Buffer) => createHash("sha1").update(text).digest();
	return `*${sha1(sha1(password)).toString("hex").toUpperCase()}`;
};
