import type { Config } from "../config/config.js";
import type { OpenSettings } from "../open.js";
import { buildApp } from "./app.js";
import { Excess } from "./excess.js";
import { loadLibc } from "./libc.js";
import { type Answer, Listener, type TlsListener } from "./listener.js";
import type { Log } from "./log.js";
import { Metrics } from "./metrics.js";
import { OpenStore } from "./open-store.js";
import { Receipts } from "./receipts.js";
import { resources } from "./resources/index.js";
import { inheritedSockets, ServiceManager } from "./service-manager.js";
import { limitsOf, Site } from "./site.js";
import { socketFile } from "./socket-file.js";
import { TlsFiles } from "./tls-files.js";

export interface DaemonSettings {
	readonly config: Config;
	readonly version: string;
	readonly opening: OpenSettings;
	readonly log: Log;
	readonly env?: NodeJS.ProcessEnv;
}

/** How often it is looked whether the store is still in its place, and the files of HTTPS what they were. */
const CHECK_MS = 1000;
/** For what nobody waits any more for. */
const CLOSE_MS = 2000;

/** The store, served to others until it is stopped. */
export class Daemon {
	readonly #settings: DaemonSettings;
	readonly #metrics = new Metrics();
	readonly #excess = new Excess((refusal) => this.#site.refused(refusal));
	readonly #receipts = new Receipts();
	readonly #listeners: Listener[] = [];
	#site: Site;
	#answer: Answer;
	#tls: TlsListener | undefined;
	#files: TlsFiles | undefined;
	#manager: ServiceManager | undefined;
	/** One after the other. */
	#reloading: Promise<void> = Promise.resolve();
	#checking: NodeJS.Timeout | undefined;
	/** Why the store was away when it was last looked; it is told once. */
	#away: string | undefined;

	private constructor(settings: DaemonSettings, site: Site) {
		this.#settings = settings;
		this.#site = site;
		this.#answer = (_, response) => response.destroy();
	}

	/** @throws {TroclaError} `config`, `store`, `damaged`, `ring` */
	static async start(settings: DaemonSettings): Promise<Daemon> {
		const { config, opening } = settings;
		const daemon = new Daemon(settings, new Site(config, await OpenStore.open(config, opening)));
		try {
			await daemon.#listen();
			return daemon;
		} catch (error) {
			await daemon.stop(0);
			throw error;
		}
	}

	/** The port of HTTPS, where it is listened on. */
	get port(): number | undefined {
		return this.#tls?.listener.port;
	}

	/** Serves by another configuration; where that can't be done, nothing changes, and the log has why. */
	async reload(load: () => Promise<Config>): Promise<void> {
		this.#reloading = this.#reloading.then(() => this.#reload(load));
		await this.#reloading;
	}

	async #reload(load: () => Promise<Config>): Promise<void> {
		const { log, opening } = this.#settings;
		this.#manager?.reloading();
		const old = this.#site;
		try {
			const config = await load();
			const { https } = config.serve;
			const files = https && new TlsFiles(https);
			this.#tellUnchanged(config);
			// What is in memory would be lost.
			const kept = config.store.name === "memory" ? old.store : undefined;
			const site = new Site(config, kept ?? (await OpenStore.open(config, { ...opening, create: false })));
			this.#site = site;
			this.#answer = await this.#build();
			for (const listener of this.#listeners) listener.limit(site.limits);
			if (files && this.#tls) this.#tls.renew(files.options);
			this.#files = files;
			if (!kept) void old.store.close().catch((error: Error) => log.add("warn", "closing", { message: error.message }));
			log.add("info", "reloaded", { config: config.file });
		} catch (error) {
			const { message, hint } = error as Error & { hint?: string };
			log.add("error", "not reloaded", { message, hint, kept: "the configuration from before is still used" });
		}
		log.flush();
		this.#manager?.ready();
	}

	/**
	 * Takes no more connections, answers what has been asked for, and closes the store.
	 *
	 * @param graceMs - how long the answers may take
	 * @returns false where something is still being done whose answer nobody gets any more: it is not waited for
	 */
	async stop(graceMs: number): Promise<boolean> {
		this.#manager?.stopping();
		clearInterval(this.#checking);
		await Promise.all(this.#listeners.splice(0).map((listener) => listener.close(graceMs)));
		void this.#excess.settle().finally(this.#site.store.keep());
		const isClosed = await this.#site.store.close(CLOSE_MS);
		this.#settings.log.flush();
		return isClosed;
	}

	async #listen(): Promise<void> {
		const { config, log, env = process.env } = this.#settings;
		const limits = limitsOf(config);
		const { https } = config.serve;
		this.#files = https && new TlsFiles(https);
		const libc = await loadLibc();
		const manager = new ServiceManager(libc, env);
		const inherited = inheritedSockets(env);
		this.#answer = await this.#build();
		const answer: Answer = (request, response) => this.#answer(request, response);
		const file = inherited.socket === undefined ? await socketFile(config) : undefined;
		const socket = await Listener.onSocket({ file, inherited: inherited.socket, libc }, limits, answer);
		this.#listeners.push(socket);
		log.add("info", "listening", { socket: file?.path ?? socket.address });
		if (https && this.#files) {
			const tls = this.#files.options;
			this.#tls = await Listener.onHttps({ https, tls, inherited: inherited.https }, limits, answer);
			this.#listeners.push(this.#tls.listener);
			log.add("info", "listening", { https: this.#tls.listener.address });
		}
		if (manager.isDeaf) log.add("warn", "systemd", { message: "koffi can't be loaded, so systemd can't be told" });
		this.#manager = manager;
		this.#checking = setInterval(() => {
			this.#checkFiles();
			void this.#checkStore();
		}, CHECK_MS).unref();
		manager.ready();
		log.flush();
	}

	#build(): Promise<Answer> {
		const { version, log } = this.#settings;
		const metrics = this.#metrics;
		const connections = () => this.#listeners.reduce((sum, listener) => sum + listener.connections, 0);
		return buildApp({
			resources: resources({ version, metrics, connections, receipts: this.#receipts }),
			site: () => this.#site,
			excess: this.#excess,
			log,
			metrics,
		});
	}

	/** Obeys another list of revoked certificates, and shows another certificate, also where nobody says that it changed. */
	#checkFiles(): void {
		const { log } = this.#settings;
		try {
			const tls = this.#files?.changed();
			if (!tls || !this.#tls) return;
			this.#tls.renew(tls);
			log.add("info", "certificates", { message: "the files of serve.https changed, and are used from now on" });
		} catch (error) {
			const { message, hint } = error as Error & { hint?: string };
			log.add("error", "certificates", { message, hint, kept: "the files from before are still used" });
		}
	}

	/** Opens a store again that was gone and is back. */
	async #checkStore(): Promise<void> {
		const { log, opening } = this.#settings;
		const site = this.#site;
		const { store } = site;
		if (store.isInPlace) {
			if (this.#away !== undefined) this.#tellBack();
			return;
		}
		try {
			const back = await OpenStore.open(site.config, { ...opening, create: false });
			// Another check, or a reload, was faster.
			if (site.store !== store || this.#site !== site) {
				await back.close();
				return;
			}
			site.store = back;
			this.#tellBack();
			await store.close();
		} catch (error) {
			const { message } = error as Error;
			if (message !== this.#away) log.add("warn", "store", { message });
			this.#away = message;
		}
	}

	#tellBack(): void {
		this.#away = undefined;
		this.#settings.log.add("info", "store", { message: "the store is back" });
	}

	#tellUnchanged({ serve }: Config): void {
		const now = this.#settings.config.serve;
		const changed = [
			...(JSON.stringify(serve.socket) === JSON.stringify(now.socket) ? [] : ["serve.socket"]),
			...(serve.https?.listen === now.https?.listen && !serve.https === !now.https ? [] : ["serve.https.listen"]),
			// Whether certificates are asked for at all is part of how it listens.
			...(!serve.https?.ca === !now.https?.ca ? [] : ["serve.https.ca"]),
		];
		if (changed.length === 0) return;
		this.#settings.log.add("warn", "reload", { message: `${changed.join(", ")} changed: restart the daemon for that` });
	}
}
