import assert from 'node:assert/strict';
import { createTransaction, type Outcome, restoreTransaction, type Transaction } from '@holdfast/core';
import type { StoredTransaction, UpdateWrite } from '../../store/store.ts';
import { Actor, type ActorContext, type Leaving, type Loaded } from '../actor.ts';
import { EngineClock } from '../clock.ts';
import type { AskedTransaction } from '../coordinator.ts';
import type { JournalResult } from '../journal.ts';
import { LongTurns } from '../long-turns.ts';
import type { BranchCall, CallResult } from '../ports.ts';
import { defaults } from './asked.ts';
import { uncut } from './calls.ts';
import { ManualRuntime } from './manual-runtime.ts';

interface Written {
  readonly write: UpdateWrite;
  readonly bytes: number;
  readonly done: (result: JournalResult) => void;
}

interface Called {
  readonly call: BranchCall;
  readonly mayGo: () => boolean;
  readonly done: (result: CallResult) => void;
}

/** An actor whose writes, reads and calls end when, and as, the test says. */
export function actorWorld(asked: AskedTransaction, status: 'prepared' | 'submitted' = 'submitted', loaded?: Loaded) {
  const runtime = new ManualRuntime();
  const clock = new EngineClock(runtime);
  clock.startAt(1000);
  const state = { leaseIsValid: true, mustLook: false, looks: 0, tokens: 0 };
  const writes: Written[] = [];
  const loads: ((stored: StoredTransaction | undefined) => void)[] = [];
  const calls: Called[] = [];
  const left: Leaving[] = [];
  const attempts: string[] = [];
  const context: ActorContext = {
    runtime,
    upkeep: runtime,
    clock,
    lease: { incarnation: 'me', isValid: () => state.leaseIsValid },
    caller: {
      call: (asked) => {
        calls.push({ call: asked.call, mayGo: () => asked.mayGo(), done: (result) => asked.done(result) });
        return uncut;
      },
    },
    flushDelayMs: 100,
    mustLook: () => state.mustLook,
    look: () => {
      state.looks += 1;
    },
    longTurns: new LongTurns((action) => runtime.soon(action)),
    newToken: () => `t${++state.tokens}`,
    write: (write, bytes, done) => {
      const decided = (result: JournalResult) => done(result === 'given-up' ? assert.fail('a driver waits') : result);
      writes.push({ write, bytes, done: decided });
    },
    tryWrite: (write, bytes, done) => void writes.push({ write, bytes, done }),
    load: (_gid, done) => void loads.push(done),
    restore: ({ definition, branches, progress }) => restoreTransaction(definition, branches, progress, defaults),
    left: (_actor, why) => void left.push(why),
    attempted: (_transaction, operation, { kind }) => void attempts.push(`${operation} ${kind}`),
    moved: () => undefined,
    written: () => undefined,
  };
  const transaction = createTransaction({ ...asked, createdMs: 1000 }, status, defaults);
  const actor = new Actor(context, transaction, 1, 0, loaded);
  actor.start();

  /** The oldest write that has no result yet. */
  const nextWrite = () => writes.shift() ?? assert.fail('nothing is being written');
  /** Sends the oldest call that is waiting. */
  const nextCall = () => {
    const called = calls.shift() ?? assert.fail('nothing is called');
    return { ...called, url: called.call.url, went: called.mayGo() };
  };
  const answer = (outcome: Outcome) => {
    const { url, done } = nextCall();
    done({ kind: 'answered', outcome, durationMs: 5 });
    return url;
  };
  const stored = (transaction: Transaction, version: number, owner: string | null = 'me'): StoredTransaction => ({
    ...transaction,
    owner,
    handedBack: owner === null,
    version,
    createToken: '',
    writeToken: '',
  });
  return {
    actor,
    runtime,
    clock,
    state,
    writes,
    loads,
    calls,
    left,
    attempts,
    nextWrite,
    nextCall,
    answer,
    stored,
    transaction,
  };
}
