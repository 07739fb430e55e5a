/** A number as people read it: `50,000`. */
export const number = (count: number): string => Math.round(count).toLocaleString("en");

/** So many things: `1 key`, `50,000 keys`. */
export const count = (things: number, noun: string): string => `${number(things)} ${noun}${things === 1 ? "" : "s"}`;
