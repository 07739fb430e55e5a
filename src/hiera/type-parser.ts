import type { Type } from "./type.js";
export const parseType = (name: string): Type => ({ name });
