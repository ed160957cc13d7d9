import type { KeyValue } from '../../store.ts';
import { numberAt, type Row, textAt } from '../values.ts';

/** Of key, value, version, created_ms, updated_ms. */
export function toKeyValue(category: string, row: Row): KeyValue {
  return {
    category,
    key: textAt(row, 0),
    value: textAt(row, 1),
    version: numberAt(row, 2),
    createdMs: numberAt(row, 3),
    updatedMs: numberAt(row, 4),
  };
}
