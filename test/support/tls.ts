import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import type { ServeInput } from "../../src/config/input.js";
import { CertificateStore, part } from "./x509.js";

/** A CA, a server's certificate, and as many clients' as are asked for. */
export class TestCa {
	readonly #store = new CertificateStore();
	readonly #directory: string;

	private constructor(directory: string) {
		this.#directory = directory;
	}

	/** @param since - when the CA's own certificate begins */
	static async make(directory: string, since = new Date()): Promise<TestCa> {
		const ca = new TestCa(directory);
		ca.setClock(since);
		await ca.#store.make("ca", { CN: "Test CA", become_ca: true, days: 10_000 });
		ca.setClock(new Date());
		await ca.#store.make("server", { CN: "localhost", ca: "ca", altnames: ["localhost"] });
		return ca;
	}

	/** What the daemon needs to serve HTTPS with it. */
	async https(): Promise<NonNullable<ServeInput["https"]>> {
		return {
			listen: "127.0.0.1:0",
			certificate: await this.#file("server", "certonly"),
			key: await this.#file("server", "keyonly"),
			ca: await this.#file("ca", "certonly"),
		};
	}

	/** How a client without a certificate connects. */
	async anyone(): Promise<ConnectionOptions> {
		return { ca: await part("certonly", this.#store.get("ca")), servername: "localhost" };
	}

	/** How a client with a certificate of this CA connects. */
	async client(name: string): Promise<ConnectionOptions> {
		const value = await this.#store.make(name, { CN: name, ca: "ca" });
		return { ...(await this.anyone()), cert: await part("certonly", value), key: await part("keyonly", value) };
	}

	/** The same as files, with what the configuration of a client calls them. */
	async clientFiles(
		name: string,
	): Promise<{ readonly certificate: string; readonly key: string; readonly ca: string }> {
		await this.client(name);
		return {
			certificate: await this.#file(name, "certonly"),
			key: await this.#file(name, "keyonly"),
			ca: await this.caFile(),
		};
	}

	/** The file of the CA's certificate. */
	async caFile(): Promise<string> {
		return await this.#file("ca", "certonly");
	}

	/** Has what is made from now on made at another time. */
	setClock(now: Date): void {
		this.#store.clock = () => now;
	}

	async #file(key: string, name: "certonly" | "keyonly"): Promise<string> {
		const path = join(this.#directory, `${key}.${name}.pem`);
		writeFileSync(path, await part(name, this.#store.get(key)), { mode: 0o600 });
		return path;
	}
}
