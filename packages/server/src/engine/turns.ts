/** How much later the others look for what was due in the turn of one: it has been heard of by then that it was taken. */
const othersLaterMs = 1200;

/**
 * When this node looks for what is due then and has no owner. All nodes on a store hear of it, and one is enough to take it:
 * the one whose turn it is. The others look later, if it is still there.
 *
 * @param takers the incarnations that take up what is due, this one among them
 */
export function lookAtMs(dueMs: number, takers: readonly string[], own: string): number {
  const turn = [...takers].sort()[Math.abs(Math.floor(dueMs)) % Math.max(1, takers.length)];
  return turn === undefined || turn === own ? dueMs : dueMs + othersLaterMs;
}
