// A route of Fastify's that returns a constant, on a Unix socket: as little as the daemon could do. Argument: the socket.
import { fastify } from "fastify";

const app = fastify();
app.get("/v1/key/:key/:format", async () => ({ format: "plain", value: "password-0000000", success: true }));
await app.listen({ path: process.argv[2] });
console.log("listening");
