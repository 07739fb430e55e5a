/**
 * The chi-square statistic of counts that should all be equal, as how many standard deviations it lies above its
 * mean by Wilson and Hilferty's approximation (the cube root of chi-square/df is nearly normal). Above 5.5, a uniform
 * source gets less often than once in ten million times.
 */
export function unevenness(counts: readonly number[]): number {
	const freedom = counts.length - 1;
	const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
	const chiSquare = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
	const variance = 2 / (9 * freedom);
	return (Math.cbrt(chiSquare / freedom) - (1 - variance)) / Math.sqrt(variance);
}

export const TOO_UNEVEN = 5.5;
