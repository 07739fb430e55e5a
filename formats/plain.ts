import * as v from "valibot";
import { equalInConstantTime } from "./compare.js";
import type { Format } from "./format.js";

/** The plaintext itself. */
export const plain: Format = {
	options: v.strictObject({}),

	async derive(plain) {
		return plain;
	},

	async verify(plain, value) {
		return equalInConstantTime(plain, value);
	},
};
