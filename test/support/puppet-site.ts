import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathOf } from "./peers.js";
import { type Outcome, run, type Sandbox } from "./sandbox.js";

const MODULE = join(import.meta.dirname, "../../puppet");

/** Functions of the tests' own, which tell what a manifest sees. */
const FUNCTIONS = {
	/** Writes a value as JSON; a Sensitive as `{"sensitive": value}`. */
	tell: `
		dispatch(:tell) { param 'String', :path; param 'Any', :value }
		def tell(path, value)
			File.write(path, JSON.generate(plain(value)))
		end
		def plain(value)
			case value
			when Puppet::Pops::Types::PSensitiveType::Sensitive then { 'sensitive' => plain(value.unwrap) }
			when Hash then value.to_h { |name, member| [name, plain(member)] }
			when Array then value.map { |member| plain(member) }
			else value
			end
		end`,
	/** The message of the error that a block raises, and how long it took. */
	failure: `
		dispatch(:failure) { block_param }
		def failure
			begin_at = Process.clock_gettime(Process::CLOCK_MONOTONIC)
			message = begin
				yield
				nil
			rescue StandardError => e
				e.message
			end
			{ 'message' => message, 'seconds' => Process.clock_gettime(Process::CLOCK_MONOTONIC) - begin_at }
		end`,
	/** Sets an environment variable; undef removes it. */
	env: `
		dispatch(:env) { param 'String', :name; param 'Optional[String]', :value }
		def env(name, value)
			ENV[name] = value
		end`,
	/** Kills the process whose number a file has. */
	kill: `
		dispatch(:kill) { param 'String', :path; param 'String', :signal }
		def kill(path, signal)
			Process.kill(signal, Integer(File.read(path)))
		end`,
};

/** A directory of Puppet's in a sandbox, with the module and the functions `check::NAME`. */
export class PuppetSite {
	readonly #sandbox: Sandbox;

	constructor(sandbox: Sandbox) {
		this.#sandbox = sandbox;
		mkdirSync(sandbox.path("modules"), { recursive: true });
		symlinkSync(MODULE, sandbox.path("modules/trocla"));
		for (const [name, body] of Object.entries(FUNCTIONS)) {
			const ruby = `require 'json'\nPuppet::Functions.create_function(:'check::${name}') do\n${body}\nend\n`;
			this.write(`modules/check/lib/puppet/functions/check/${name}.rb`, ruby);
		}
	}

	write(name: string, text: string): void {
		const path = this.#sandbox.path(name);
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, text);
	}

	/** What `check::tell` wrote. */
	told(name: string): { readonly [name: string]: unknown } {
		return JSON.parse(readFileSync(this.#sandbox.path(name), "utf8"));
	}

	/** Applies a manifest; exits 0 where nothing was to be done, and 2 where it was. */
	apply(manifest: string, ...args: readonly string[]): Promise<Outcome> {
		this.write("site.pp", manifest);
		return this.run(["apply", "--detailed-exitcodes", ...args, this.#sandbox.path("site.pp")]);
	}

	run(args: readonly string[]): Promise<Outcome> {
		return run(pathOf("puppet"), this.command(args), { env: this.#sandbox.env, cwd: this.#sandbox.directory });
	}

	/** The arguments of `puppet` for this site. */
	command([command = "", ...rest]: readonly string[]): string[] {
		const at = (name: string) => this.#sandbox.path(name);
		const places = ["--confdir", at("conf"), "--vardir", at("var"), "--codedir", at("code")];
		return [command, ...places, "--modulepath", at("modules"), "--color", "false", ...rest];
	}
}
