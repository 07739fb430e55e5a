import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { cleanUp } from "./sandbox.js";

/** A way to a server on this host, which a test can cut or let stall. */
export class Wire {
	static async to(port: number): Promise<Wire> {
		const wire = new Wire(port);
		wire.#listener.listen(0, "127.0.0.1");
		await once(wire.#listener, "listening");
		cleanUp(() => wire.#close());
		return wire;
	}

	/** Hears what the client sends, before it is passed on. */
	onSent: (bytes: Buffer) => void = () => {};
	readonly #sockets = new Set<Socket>();
	readonly #listener;
	#stalls = false;

	private constructor(port: number) {
		this.#listener = createServer((client) => {
			const server = connect(port, "127.0.0.1");
			this.#pass(client, server, (bytes) => this.onSent(bytes));
			this.#pass(server, client, () => {});
		});
	}

	get port(): number {
		return (this.#listener.address() as AddressInfo).port;
	}

	/** From now on takes connections, and passes nothing on. */
	stall(): void {
		this.#stalls = true;
	}

	/** Breaks all connections that there are. */
	cut(): void {
		for (const socket of this.#sockets) socket.destroy();
	}

	#pass(from: Socket, to: Socket, hear: (bytes: Buffer) => void): void {
		this.#sockets.add(from);
		from.on("data", (bytes) => {
			if (this.#stalls) return;
			hear(bytes);
			to.write(bytes);
		});
		from.on("error", () => {});
		from.on("close", () => {
			this.#sockets.delete(from);
			to.destroy();
		});
	}

	#close(): void {
		this.cut();
		this.#listener.close();
	}
}
