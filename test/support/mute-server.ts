import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { cleanUp } from "./sandbox.js";

/** A server that takes connections and never says a word; gives its port of 127.0.0.1. */
export async function muteServer(): Promise<number> {
	const sockets = new Set<Socket>();
	const server = createServer((socket) => sockets.add(socket.on("error", () => {}))).listen(0, "127.0.0.1");
	await once(server, "listening");
	cleanUp(() => {
		server.close();
		for (const socket of sockets) socket.destroy();
	});
	return (server.address() as AddressInfo).port;
}
