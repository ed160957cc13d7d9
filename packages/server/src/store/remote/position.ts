import { type ListFilter, StoreError } from '../store.ts';

/** A place in the order of the list: rows after it have a lower createdMs, or the same and a lower gid. */
export interface Place {
  readonly createdMs: number;
  readonly gid: string;
}

/** Text by its bytes in UTF-8, as the keys are. */
export function comparePlaces(a: Place, b: Place): number {
  return a.createdMs - b.createdMs || Buffer.compare(Buffer.from(a.gid), Buffer.from(b.gid));
}

/** Where the page begins: after the position, and not above the latest creation time asked for. */
export function startOf({ position, createdToMs = Number.MAX_SAFE_INTEGER }: ListFilter): Place {
  const top = { createdMs: createdToMs + 1, gid: '' };
  if (position === undefined || position === '') return top;
  const from = placeOf(position);
  return comparePlaces(from, top) < 0 ? from : top;
}

export const placeText = ({ createdMs, gid }: Place) => `${createdMs}.${Buffer.from(gid).toString('base64url')}`;

function placeOf(text: string): Place {
  const [, created = '', gid = ''] = /^(-?\d{1,16})\.([\w-]*)$/.exec(text) ?? [];
  const place = { createdMs: Number(created), gid: Buffer.from(gid, 'base64url').toString() };
  if (created === '' || placeText(place) !== text) {
    throw new StoreError('bad-position', 'position: must be the next_position of the page before, unchanged');
  }
  return place;
}
