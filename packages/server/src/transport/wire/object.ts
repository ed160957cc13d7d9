/** What JSON calls an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether all values of an object are texts. */
export function isOfStrings(object: Readonly<Record<string, unknown>>): object is Readonly<Record<string, string>> {
  return Object.values(object).every((value) => typeof value === 'string');
}
