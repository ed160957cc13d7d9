const form = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+ -])(\d\d):(\d\d))$/;

/** What a time must look like, for refusals. */
export const timeForm =
  'must be a time as RFC 3339 writes it, with its offset and of a day that exists, such as 2026-01-31T12:00:00Z or 2026-01-31T12:00:00+01:00';

/**
 * Milliseconds since 1970 of a time in RFC 3339; undefined where the text is none, has no offset, or names a day that does
 * not exist. A `+` that a client did not encode in a query arrives as a blank, and is read as the `+` that it was.
 */
export function timeMsOf(text: string): number | undefined {
  const [matched, ...parts] = form.exec(text) ?? [];
  if (matched === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map(Number);
  const [fraction = '', sign = '+', offsetHours = '0', offsetMinutes = '0'] = parts.slice(6);
  // A date is made of the parts and compared: what does not exist becomes another one.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, Math.trunc(Number(`0.${fraction || '0'}`) * 1000));
  const isSame =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  if (!isSame || Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined;
  const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  return date.getTime() + (sign === '-' ? offsetMs : -offsetMs);
}
