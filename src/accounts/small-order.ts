/**
 * The y-coordinates, little-endian, of Edwards25519's points of small order (RFC 8032, section 5.1), with those that stand
 * for the same number modulo p = 2^255 - 19: 0 and p, 1 and p + 1, -1, and the two of order 8. The x has only a sign.
 */
const SMALL_ORDER = new Set([
	"00".repeat(32),
	`ed${"ff".repeat(30)}7f`,
	`01${"00".repeat(31)}`,
	`ee${"ff".repeat(30)}7f`,
	`ec${"ff".repeat(30)}7f`,
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);

/** Whether an Ed25519 public key is one for which signatures can be made without a private key, as one of zeros is. */
export function isSmallOrder(key: Buffer): boolean {
	const y = Buffer.from(key);
	y[31] = (y[31] ?? 0) & 0x7f;
	return SMALL_ORDER.has(y.toString("hex"));
}
