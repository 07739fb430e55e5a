import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * What becomes of a piece that a client sends: it goes through; it gets lost; it arrives, but the answer is lost; it is
 * still on its way when the client learns that the connection is lost; it gets lost, and nobody notices. Where something
 * is lost, the connection is too.
 */
export type Fate = "through" | "request-lost" | "answer-lost" | "overtaken" | "silence";

/** How many milliseconds what is overtaken is on its way: longer than it takes to connect once more and ask. */
export const DETOUR_MS = 20;

/** A way to a server on which a test cuts connections in the middle of what they carry. */
export class CuttingProxy {
	/** Listens on a port of its own, unless told. */
	static async to(port: number, { host = "127.0.0.1", ownPort = 0 } = {}): Promise<CuttingProxy> {
		const server = createServer({ allowHalfOpen: false }).listen(ownPort, host);
		await once(server, "listening");
		return new CuttingProxy(server, port);
	}

	readonly port: number;
	readonly #server: Server;
	readonly #target: number;
	readonly #sockets = new Set<Socket>();
	#fates: Fate[] = [];
	#pieces = 0;

	private constructor(server: Server, target: number) {
		const address = server.address();
		if (address === null || typeof address === "string") throw new Error("no TCP address");
		this.port = address.port;
		this.#server = server;
		this.#target = target;
		server.on("connection", (client) => this.#carry(client));
	}

	/** How many pieces clients have sent. */
	get pieces(): number {
		return this.#pieces;
	}

	/** The next pieces meet these fates, all after them go through. */
	meet(...fates: readonly Fate[]): void {
		this.#fates = [...fates];
	}

	/** Ends all connections. */
	cut(): void {
		for (const socket of this.#sockets) socket.destroy();
	}

	async close(): Promise<void> {
		this.cut();
		this.#server.close();
		await once(this.#server, "close");
	}

	#carry(client: Socket): void {
		const server = connect(this.#target, "127.0.0.1");
		let isSilent = false;
		let isOvertaken = false;
		const cut = () => {
			client.destroy();
			server.destroy();
		};
		for (const socket of [client, server]) {
			socket.setNoDelay(true);
			this.#sockets.add(socket);
			socket.on("error", () => {});
			socket.on("close", () => {
				this.#sockets.delete(socket);
				if (!isOvertaken) cut();
			});
		}
		client.on("data", (piece) => {
			this.#pieces++;
			const fate = isSilent ? "silence" : (this.#fates.shift() ?? "through");
			if (fate === "silence") isSilent = true;
			else if (fate === "request-lost") cut();
			else if (fate === "overtaken") {
				isOvertaken = true;
				client.destroy();
				setTimeout(() => server.end(piece), DETOUR_MS);
			} else {
				if (fate === "answer-lost") server.removeAllListeners("data").on("data", cut);
				server.write(piece);
			}
		});
		server.on("data", (piece) => client.destroyed || client.write(piece));
	}
}
