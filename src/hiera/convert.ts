import type { Place } from "./data-error.js";
import type { Value } from "./value.js";
export const convert = (value: Value, _: Value, __: Place): Value => value;
