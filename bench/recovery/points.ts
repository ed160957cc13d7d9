/** Where a crash finds a saga of two branches. */
export type Point = 'called' | 'half done' | 'rolling back' | 'waiting' | 'to be repeated' | 'roll-back to be repeated';

/**
 * One in five was being driven, as many as a coordinator drives at most of 100,000; the others waited for a retry or for
 * a service, and came due while nobody was there.
 */
const points: readonly Point[] = [
  'called',
  'half done',
  'waiting',
  'to be repeated',
  'waiting',
  'roll-back to be repeated',
  'waiting',
  'to be repeated',
  'waiting',
  'roll-back to be repeated',
];

export function pointOf(index: number): Point {
  // Half of those that were half done were on their way back.
  const point = points[index % points.length] ?? 'called';
  return point === 'half done' && Math.floor(index / 20) % 2 === 1 ? 'rolling back' : point;
}

/** Driven at the moment of the crash: its calls were out. */
export function isOwned(point: Point): boolean {
  return point === 'called' || point === 'half done' || point === 'rolling back';
}
