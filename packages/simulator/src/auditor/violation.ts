/** The promises (docs/architecture.md) that the auditor judges; `engine` is an error that no promise covers. */
export type PromiseName = 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6' | 'P7' | 'P8' | 'money' | 'engine';

/** What each promise says, in short. */
export const promises: Readonly<Record<PromiseName, string>> = {
  P1: 'acknowledged is durable',
  P2: 'decide, then act',
  P3: 'final is final',
  P4: 'one writer',
  P5: 'mirror order; every branch that may have run, and no other',
  P6: 'stable identity',
  P7: 'never forgotten',
  P8: 'never stuck behind another',
  money: 'all or nothing, once',
  engine: 'no error that nobody expected',
};

/** A promise was broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly promise: PromiseName;
  readonly gid: string;

  constructor(promise: PromiseName, gid: string, what: string) {
    super(`${promise} (${promises[promise]}) broken by ${gid}: ${what}`);
    this.promise = promise;
    this.gid = gid;
  }
}
