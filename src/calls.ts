import type { Trocla } from "./trocla.js";

/** What a store does for its users, whether it is on this machine or a daemon's. */
export type TroclaCalls = Pick<
	Trocla,
	"get" | "peek" | "set" | "reset" | "delete" | "handOut" | "verify" | "search" | "formats" | "show" | "close"
>;
