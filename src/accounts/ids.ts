import { quoteValue } from "../value.js";
import type { Check } from "./entry.js";

/** The highest uid or gid: 2^32 - 1 is (uid_t) -1, which system calls take for "leave it as it is". */
const MAX_ID = 2 ** 32 - 2;

/** Ids that mean nobody in particular. */
const RESERVED: { readonly [id: number]: string } = {
	65534: "that of nobody, which file servers and user namespaces give to strangers",
	65535: "the 16-bit -1, which means none",
};

/** A uid or a gid of a managed account, from `min` on. */
export function accountId(kind: "uid" | "gid", min: number): Check<number> {
	return (value, at) => {
		if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > MAX_ID) {
			return at.fault(`must be a whole number from ${min} to ${MAX_ID}, not ${quoteValue(value)}`);
		}
		if (value < min) {
			return at.fault(
				`is ${value}, and below ${min} are the system's own`,
				`Choose one from ${min} on, or allow lower ones in the configuration: accounts: {min_${kind}: ${value || 1}}`,
			);
		}
		const reserved = RESERVED[value];
		return reserved === undefined ? value : at.fault(`is ${value}: ${reserved}`, "Choose another");
	};
}
