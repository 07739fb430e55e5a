/** A key and its value, as the gateway has them: bytes in base64, numbers of 64 bits as texts, and no zeros. */
export interface KeyValue {
	readonly key: string;
	readonly value?: string;
	readonly mod_revision: string;
}

export interface RangeAnswer {
	readonly kvs?: readonly KeyValue[];
	readonly more?: boolean;
}

export interface TxnAnswer {
	readonly succeeded?: boolean;
	readonly responses?: readonly { readonly response_range?: RangeAnswer }[];
}

export const toBase64 = (text: string) => Buffer.from(text).toString("base64");

export const fromBase64 = (bytes = "") => Buffer.from(bytes, "base64").toString();
