import type { Value } from "./value.js";
export interface Type {
	readonly name: string;
}
export const isInstance = (_: Value, __: Type): boolean => true;
