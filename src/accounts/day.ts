const DAY_MS = 86_400_000;

/**
 * The start (UTC) of a day like `2027-01-31`.
 *
 * @returns `undefined` for what is no day of the calendar, such as `2027-02-29`
 */
export function parseDay(text: string): Date | undefined {
	if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
	const date = new Date(`${text}T00:00:00Z`);
	return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? date : undefined;
}

/** The days from 1970-01-01 to a time's day in UTC, as shadow(5) counts them. */
export function daysSinceEpoch(date: Date): number {
	return Math.floor(date.getTime() / DAY_MS);
}
