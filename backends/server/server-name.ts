/** Where servers are, for messages: their URLs, without who uses them. */
export function serverName(urls: readonly string[]): string {
	return urls
		.map((url) => {
			const shown = new URL(url);
			shown.username = "";
			return shown.href.replace(/\/$/, "");
		})
		.join(", ");
}
