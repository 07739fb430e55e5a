import type { Flaw } from "../backend.js";

/** What is wrong with servers on other hosts that are asked without TLS, by their URLs. */
export function clearTextFlaws(urls: readonly string[]): Flaw[] {
	const clear = urls.map((url) => new URL(url)).filter(({ protocol }) => /^(http|redis):$/.test(protocol));
	return clear
		.filter(({ hostname }) => hostname !== "" && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname))
		.map(({ protocol, host }) => ({
			message: `${protocol}//${host}: passwords, and what lets trocla in, cross the network for all to read`,
			hint: `Use ${protocol === "http:" ? "https" : "rediss"}:// in store_options.url`,
		}));
}
