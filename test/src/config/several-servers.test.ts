import { expect, test } from "vitest";
import { storeLabel } from "../../../src/config/store.js";
import { User } from "../../support/user.js";

const REDIS = "store: redis\nstore_options:";

test("a store may be on several servers, or one, which are told without who uses them", async () => {
	const user = new User();
	const one = await user.load(`${REDIS} {url: "rediss://trocla@db.example.com:6380/1"}`);
	expect(one.store.options).toEqual({ url: ["rediss://trocla@db.example.com:6380/1"] });
	expect(storeLabel(one.store)).toBe("rediss://db.example.com:6380/1");
	const two = await user.load(
		"store: etcd\nstore_options: {url: [https://a@one.example.com, http://two.example.com:2379]}",
	);
	expect(two.store.options).toEqual({ url: ["https://a@one.example.com", "http://two.example.com:2379"] });
	expect(storeLabel(two.store)).toBe("https://one.example.com, http://two.example.com:2379");
});

test.each([
	["{}", "store_options: store: redis needs url"],
	["{url: []}", "store_options.url names no server"],
	["{url: [redis://a, 'redis://u:s3cret@b']}", "store_options.url holds a password"],
	["{url: [redis://a, http://b]}", 'store_options.url can\'t begin with "http://"'],
	["{url: [redis://a, 1]}", "store_options.url must be a URL"],
	["{url: redis://a, allow_loss: 1}", "store_options.allow_loss must be true or false"],
	["{url: redis://a, connections: 5}", 'unknown key "connections" (store: redis)'],
])("%s can't be the options of a Redis", async (options, message) => {
	await expect(new User().load(`${REDIS} ${options}`)).rejects.toMatchObject({
		message: expect.stringContaining(message),
	});
});
