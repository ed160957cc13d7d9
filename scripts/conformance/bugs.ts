/**
 * Bugs that systems of this kind have had, in the field and for long. A test whose name begins with the number shows that
 * Holdfast does not have it.
 */
export interface KnownBug {
  readonly number: string;
  readonly bug: string;
}

export const bugs: readonly KnownBug[] = [
  { number: 'B1', bug: 'a process that shuts down takes work back, and dies with it' },
  { number: 'B2', bug: 'the loser of a race overwrites the outcome' },
  { number: 'B3', bug: 'a failure that is on record is taken for a step that never ran' },
  { number: 'B4', bug: 'recovery runs again what this process is running' },
  { number: 'B5', bug: 'a start waits until a large backlog has been recovered' },
  { number: 'B6', bug: 'a page full of rows that cannot be taken starves the rows behind it' },
  { number: 'B7', bug: 'a call of the store that hangs holds up whoever waits for it, for ever' },
  { number: 'B8', bug: 'an outage of the store that is longer than the retries ends the work for good' },
  { number: 'B9', bug: 'a change of many ignores its filter' },
  { number: 'B10', bug: 'a retry of what cannot be retried is reported as a success' },
  { number: 'B11', bug: 'a short text makes a parser allocate gigabytes' },
  { number: 'B12', bug: 'large integers of a payload are changed on their way' },
  { number: 'B13', bug: 'counters and times break above 2^31' },
  { number: 'B14', bug: 'two workers take the same row' },
  { number: 'B15', bug: 'processes that start at once on an empty store crash each other' },
  { number: 'B16', bug: 'who has lost a transaction to another owner goes on driving it' },
  { number: 'B17', bug: 'work that is done is claimed again after a restart' },
  { number: 'B18', bug: 'a gid that is used again after a purge gets what is left of the old transaction' },
  { number: 'B19', bug: 'a write that is tried again undoes what came between' },
  { number: 'B20', bug: 'many due timers hold up everything else' },
  { number: 'B21', bug: 'a saga past its time-out is failed without its compensations' },
  { number: 'B22', bug: 'what the steps of a workflow gave is lost when it is resumed' },
  { number: 'B23', bug: 'a transaction ends, or is deleted, while a branch of it is still prepared' },
  { number: 'B24', bug: 'times in whole seconds break the order of branches' },
  { number: 'B25', bug: 'a call that is given up keeps its place in the pool' },
];
