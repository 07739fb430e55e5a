/** The bytes of base64 with its padding, on one line or several; `undefined` for anything else. */
export function decodeBase64(text: string): Buffer | undefined {
	const digits = text.replace(/[\r\n]/g, "");
	if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) return undefined;
	return Buffer.from(digits, "base64");
}
