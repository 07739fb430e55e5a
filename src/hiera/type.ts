import { type Hash, isArray, isHash, Sensitive, type Value } from "./value.js";

/** A range of sizes or of numbers, both ends in it. */
export interface Range {
	readonly from: bigint | number;
	readonly to: bigint | number;
}

/** A member of a Struct. */
export interface Member {
	readonly name: string;
	readonly optional: boolean;
	readonly type: Type;
}

/** A type of Puppet's language, of those that data can be of; "Data type syntax" in Puppet's manual. */
export type Type =
	| { readonly kind: "Any" | "Data" | "RichData" | "Scalar" | "ScalarData" | "Numeric" | "Undef" | "Default" }
	| { readonly kind: "Integer" | "Float" | "Collection"; readonly range: Range }
	| { readonly kind: "String"; readonly range: Range; readonly value?: string }
	| { readonly kind: "Boolean"; readonly value?: boolean }
	| { readonly kind: "Enum"; readonly values: readonly string[]; readonly anyCase: boolean }
	| { readonly kind: "Pattern"; readonly patterns: readonly RegExp[] }
	| { readonly kind: "Optional" | "NotUndef" | "Sensitive"; readonly type: Type }
	| { readonly kind: "Variant"; readonly types: readonly Type[] }
	| { readonly kind: "Array"; readonly element: Type; readonly range: Range }
	| { readonly kind: "Hash"; readonly key: Type; readonly value: Type; readonly range: Range }
	| { readonly kind: "Tuple"; readonly types: readonly Type[]; readonly range: Range }
	| { readonly kind: "Struct"; readonly members: readonly Member[] };

const STRING: Type = { kind: "String", range: { from: 0, to: Number.POSITIVE_INFINITY } };

/** Whether a value is of a type. */
export function isInstance(value: Value, type: Type): boolean {
	switch (type.kind) {
		case "Any":
			return true;
		case "Undef":
			return value === null;
		case "Default":
			return false;
		case "Data":
			return isData(value);
		case "RichData":
			return isRichData(value);
		case "Scalar":
		case "ScalarData":
			return value !== null && typeof value !== "object";
		case "Numeric":
			return typeof value === "bigint" || typeof value === "number";
		case "Integer":
			return typeof value === "bigint" && isWithin(value, type.range);
		case "Float":
			return typeof value === "number" && isWithin(value, type.range);
		case "Boolean":
			return typeof value === "boolean" && (type.value ?? value) === value;
		case "String":
			return typeof value === "string" && (type.value ?? value) === value && isWithin([...value].length, type.range);
		case "Enum":
			return typeof value === "string" && isOneOf(value, type.values, type.anyCase);
		case "Pattern":
			return typeof value === "string" && type.patterns.some((pattern) => pattern.test(value));
		case "Optional":
			return value === null || isInstance(value, type.type);
		case "NotUndef":
			return value !== null && isInstance(value, type.type);
		case "Sensitive":
			return value instanceof Sensitive && isInstance(value.unwrap(), type.type);
		case "Variant":
			return type.types.some((one) => isInstance(value, one));
		case "Collection":
			return (
				(isArray(value) && isWithin(value.length, type.range)) || (isHash(value) && isWithin(value.size, type.range))
			);
		case "Array":
			return (
				isArray(value) && isWithin(value.length, type.range) && value.every((item) => isInstance(item, type.element))
			);
		case "Hash":
			return isHash(value) && isWithin(value.size, type.range) && hasMembers(value, type.key, type.value);
		case "Tuple":
			return isArray(value) && isTuple(value, type.types, type.range);
		case "Struct":
			return isHash(value) && isStruct(value, type.members);
	}
}

const isWithin = (size: bigint | number, { from, to }: Range) => size >= from && size <= to;

const hasMembers = (hash: Hash, key: Type, value: Type) =>
	[...hash].every(([name, member]) => isInstance(name, key) && isInstance(member, value));

function isOneOf(value: string, values: readonly string[], anyCase: boolean): boolean {
	return values.some((one) => one === value || (anyCase && one.toLowerCase() === value.toLowerCase()));
}

/** The last type stands for all further items. */
function isTuple(items: readonly Value[], types: readonly Type[], range: Range): boolean {
	if (!isWithin(items.length, range)) return false;
	return items.every((item, index) => isInstance(item, types[Math.min(index, types.length - 1)] ?? { kind: "Any" }));
}

function isStruct(hash: Hash, members: readonly Member[]): boolean {
	const names = new Map(members.map((member) => [member.name, member]));
	if ([...hash.keys()].some((key) => typeof key !== "string" || !names.has(key))) return false;
	return members.every(({ name, optional, type }) => {
		const value = hash.get(name);
		return value === undefined ? optional : isInstance(value, type);
	});
}

function isData(value: Value): boolean {
	if (isArray(value)) return value.every(isData);
	if (isHash(value)) return [...value].every(([key, member]) => isInstance(key, STRING) && isData(member));
	return !(value instanceof Sensitive);
}

function isRichData(value: Value): boolean {
	if (value instanceof Sensitive) return isRichData(value.unwrap());
	if (isArray(value)) return value.every(isRichData);
	if (!isHash(value)) return true;
	return [...value].every(([key, member]) => ["string", "bigint", "number"].includes(typeof key) && isRichData(member));
}
