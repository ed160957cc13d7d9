/** A deep copy that nobody can change, as if it had been written to a disk. Bytes cannot be frozen: they are copied. */
export function seal<Value>(value: Value): Value {
  return sealUnknown(value) as Value;
}

function sealUnknown(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return Object.freeze(value.map(sealUnknown));
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) if (item !== undefined) copy[key] = sealUnknown(item);
  return Object.freeze(copy);
}
