import type { PromiseName } from '../auditor/violation.ts';
import type { Flavour } from '../world/profile.ts';

/** One thing broken on purpose, to see that the auditor notices. */
export interface Mutant {
  readonly name: string;
  /** Relative to the folder of the packages. */
  readonly file: string;
  /** Occurs exactly once in the file: a mutant that has gone stale is an error. */
  readonly find: string;
  readonly replace: string;
  /** The kind of world in which it shows best; any where not given. */
  readonly flavour?: Flavour;
  /** The promises it breaks: which of them the auditor may find broken first. */
  readonly breaks: readonly PromiseName[];
}

/** What a reader of the promises would think of first; each promise is broken by one of them at least. */
export const mutants: readonly Mutant[] = [
  {
    name: 'acknowledge-before-commit',
    file: 'server/src/engine/stored-rows.ts',
    find: 'this.#journal.tryWrite(write, bytes, (result) => {',
    replace: "resolve('done');\n      this.#journal.tryWrite(write, bytes, (result) => {",
    breaks: ['P1'],
  },
  {
    name: 'answer-before-commit',
    file: 'server/src/engine/acceptance.ts',
    find: "await this.#creation.createOr(asked, 'prepared', (stored) => rulePrepare(stored, asked.type));",
    replace:
      "this.#creation.createOr(asked, 'prepared', (stored) => rulePrepare(stored, asked.type)).catch(() => undefined); return;",
    breaks: ['P1'],
  },
  {
    name: 'unknown-is-done',
    file: 'server/src/engine/journal.ts',
    find: "    const isRetried = error instanceof StoreError && ['unknown-outcome', ",
    replace: `    if (error instanceof StoreError && error.code === 'unknown-outcome') {
      for (const entry of batch) {
        this.#queue.ended(entry);
        this.#forget(entry);
        entry.done('done');
      }
      this.#batchEnded();
      return;
    }
    const isRetried = error instanceof StoreError && [`,
    breaks: ['P1', 'P2', 'P4'],
  },
  {
    name: 'given-up-though-unknown',
    file: 'server/src/engine/journal.ts',
    find: 'const left = (isLate || this.#stopped) && !next.isUnknown ?',
    replace: 'const left = isLate || this.#stopped ?',
    breaks: ['P4'],
  },
  {
    name: 'refused-and-written',
    file: 'server/src/engine/journal.ts',
    find: 'return batch.filter((entry) => entry.giveUp === undefined);',
    replace: 'return [...batch];',
    breaks: ['P1'],
  },
  {
    name: 'next-write-of-a-gid-at-once',
    file: 'server/src/engine/write-queue.ts',
    find: '      this.#underWay.add(entry);',
    replace: '      this.#last.delete(entry.write.gid);',
    breaks: ['P4'],
  },
  {
    name: 'next-write-before-the-last-is-known',
    file: 'server/src/engine/journal.ts',
    find: '    const { code, message } = error;',
    replace: `    for (const entry of batch) this.#queue.ended(entry);
    const { code, message } = error;`,
    breaks: ['P4'],
  },
  {
    name: 'act-before-decide',
    file: 'server/src/engine/row.ts',
    find: "return this.#busy !== 'none' && this.#busy !== 'marks';",
    replace: "return this.#busy === 'reading' || this.#busy === 'release';",
    breaks: ['P2'],
  },
  {
    name: 'queued-call-outlives-decision',
    file: 'server/src/engine/calls.ts',
    find: 'if (!this.#driver.mayGo(call.status)) return false;',
    replace: '',
    breaks: ['P2', 'P4', 'P5'],
  },
  {
    name: 'asked-before-the-connection',
    file: 'simulator/src/network/sent-call.ts',
    find: '    const { process, network } = this.#parts;\n    // What cannot',
    replace: `    const { process, network } = this.#parts;
    const mayGo = this.#sending.mayGo();
    Object.defineProperty(this.#sending, 'mayGo', { value: () => mayGo });
    // What cannot`,
    breaks: ['P2', 'P3', 'P4', 'P5', 'P7'],
  },
  {
    name: 'sent-again-without-asking',
    file: 'simulator/src/network/sent-call.ts',
    find: 'if (!this.#sending.mayGo()) {',
    replace: 'if (!this.#isSecond && !this.#sending.mayGo()) {',
    breaks: ['P2', 'P3', 'P4', 'P7'],
  },
  {
    name: 'sent-again-though-late',
    file: 'server/src/caller/closing.ts',
    find: 'const underWayMs = 100;',
    replace: 'const underWayMs = 100_000;',
    breaks: ['P6'],
  },
  {
    name: 'question-not-passed-on',
    file: 'server/src/caller/destinations/pending-call.ts',
    find: 'return this.asked.mayGo();',
    replace: 'return true;',
    breaks: ['P2', 'P3', 'P4', 'P5'],
  },
  {
    name: 'final-is-stopped',
    file: 'core/src/request.ts',
    find: "if (!isFinal(progress.status)) return { kind: 'stopped', atMs };",
    replace: "return { kind: 'stopped', atMs };",
    breaks: ['P3'],
  },
  {
    name: 'registered-is-not-remembered',
    file: 'server/src/engine/registration.ts',
    find: '() => incarnation.prepared.appended(gid, append.branches, bytes)',
    replace: '() => undefined',
    breaks: ['P5'],
  },
  {
    name: 'branches-of-others-missed',
    file: 'server/src/engine/prepared-rows.ts',
    find: 'return this.#isAlone ? undefined : row.branches.length;',
    replace: 'return undefined;',
    breaks: ['P5'],
  },
  {
    name: 'no-fence',
    file: 'simulator/src/store/database.ts',
    find: 'const isAsExpected = stored.owner === expectOwner && stored.version === expectVersion;',
    replace: 'const isAsExpected = expectVersion > 0 || expectOwner !== null;',
    breaks: ['P3', 'P4'],
  },
  {
    name: 'double-claim',
    file: 'server/src/engine/neighbours.ts',
    find: 'const { deadAfterMs } = heartbeatTimes;',
    replace: 'const deadAfterMs = 500 + 0 * heartbeatTimes.everyMs;',
    breaks: ['P4'],
  },
  {
    name: 'dead-by-the-server-alone',
    file: 'server/src/engine/neighbours.ts',
    find: 'return sentMs - watched.sinceMs > deadAfterMs && clockMs',
    replace: 'return sentMs > 0 && clockMs',
    flavour: 'clocks',
    breaks: ['P4'],
  },
  {
    name: 'dead-by-its-own-clock-alone',
    file: 'server/src/engine/neighbours.ts',
    find: ' && clockMs - watched.sinceServerMs > deadAfterMs;',
    replace: ' && clockMs > 0;',
    flavour: 'clocks',
    breaks: ['P4'],
  },
  {
    name: 'set-clock-not-noticed',
    file: 'server/src/engine/neighbours.ts',
    find: 'return isSteady && next.server',
    replace: 'return next.server',
    flavour: 'clocks',
    breaks: ['P4'],
  },
  {
    name: 'jump-followed-at-once',
    file: 'server/src/engine/server-clock.ts',
    find: 'const standsMs = 60_000;',
    replace: 'const standsMs = 0;',
    flavour: 'clocks',
    // Time leaps: a time-out fires early, or the wait for a call that is out ends too early.
    breaks: ['P3', 'P5'],
  },
  {
    name: 'time-stands-still-after-a-jump-back',
    file: 'server/src/engine/clock.ts',
    find: 'if (this.#leadMs === 0) return monotonicMs + this.#offsetMs;',
    replace: 'if (this.#leadMs >= 0) return monotonicMs + this.#offsetMs;',
    flavour: 'clocks',
    // Where it was far behind it leaps, and the wait for a call that is out ends too early.
    breaks: ['P5', 'P7'],
  },
  {
    name: 'changes-of-others-unheard',
    file: 'server/src/engine/row-watch.ts',
    find: 'else driven.missed();',
    replace: 'else driven.looked(version, sentMs);',
    breaks: ['P2', 'P4', 'P7', 'P8'],
  },
  {
    name: 'nobody-has-a-turn',
    file: 'server/src/engine/turns.ts',
    find: 'turn === own ? dueMs : dueMs + othersLaterMs;',
    replace: 'turn === own ? dueMs + 3_600_000 : dueMs + 3_600_000 + othersLaterMs;',
    breaks: ['P7'],
  },
  {
    name: 'lease-not-checked',
    file: 'server/src/engine/actor.ts',
    find: 'if (this.#left || !this.#context.lease.isValid() || ',
    replace: 'if (this.#left || ',
    breaks: ['P4'],
  },
  {
    name: 'wall-clock-not-checked',
    file: 'server/src/engine/lease.ts',
    find: ' || this.#runtime.wallMs() >= this.#wallDeadlineMs',
    replace: '',
    breaks: ['P4'],
  },
  {
    name: 'lease-never-ends',
    file: 'server/src/engine/lease.ts',
    find: 'return !this.#ended;',
    replace: 'return true;',
    flavour: 'locks',
    breaks: ['P4'],
  },
  {
    name: 'old-page-drives',
    file: 'server/src/engine/claims.ts',
    find: 'if (touched.has(gid)) this.#context.takeLate(gid);',
    replace: "if (touched.has('')) this.#context.takeLate(gid);",
    flavour: 'slow-store',
    breaks: ['P2', 'P4'],
  },
  {
    name: 'early-claim-not-driven',
    file: 'server/src/engine/claims.ts',
    find: 'if (this.#context.driven.has(gid)) this.#context.takeLate(gid);',
    replace: 'if (this.#context.isOver()) continue;',
    flavour: 'dead-service',
    breaks: ['engine'],
  },
  {
    name: 'compensations-at-once',
    file: 'core/src/saga.ts',
    find: "return callFront(transaction, front, inFlight, nowMs, 'backward');",
    replace: `const { operations } = transaction.progress;
  const all = transaction.plan.topological.map((step) => step * 2);
  const open = all.filter((operation) => operations[operation] !== 's' && operations[operation + 1] !== 'p');
  const ready = { size: open.length, chunks: [open] };
  return callFront(transaction, { ...front, ready }, inFlight, nowMs, 'backward');`,
    breaks: ['P5'],
  },
  {
    name: 'orders-ignored',
    file: 'core/src/front.ts',
    find: 'else if (waits === 0) ready[step] = ',
    replace: 'else if (waits === 0 || isForward) ready[step] = ',
    breaks: ['P5'],
  },
  {
    name: 'rollback-does-not-wait',
    file: 'core/src/turn.ts',
    find: 'if (inFlight.has(operation + 1)) continue;',
    replace: '',
    breaks: ['P5'],
  },
  {
    name: 'rollback-is-not-durable-first',
    file: 'server/src/engine/requests.ts',
    find: 'if (move !== undefined) row.apply(move);',
    replace: `if (move !== undefined) {
      row.apply(move);
      request.done(row.transaction);
      return true;
    }`,
    breaks: ['P1', 'P2'],
  },
  {
    name: 'do-not-wait-is-at-once',
    file: 'core/src/operator.ts',
    find: 'export const doNotWaitMs = 10_000;',
    replace: 'export const doNotWaitMs = 0;',
    flavour: 'services',
    breaks: ['P5'],
  },
  {
    name: 'stop-cuts-nothing',
    file: 'server/src/engine/calls.ts',
    find: 'const why = isFinal(status) ? whyCut.stopped : whyCut.decided;',
    replace: 'if (isFinal(status)) return;\n    const why = whyCut.decided;',
    flavour: 'services',
    breaks: ['P8'],
  },
  {
    name: 'do-not-wait-cuts-nothing',
    file: 'server/src/engine/calls.ts',
    find: 'const why = isFinal(status) ? whyCut.stopped : whyCut.decided;',
    replace: 'if (!isFinal(status)) return;\n    const why = whyCut.stopped;',
    flavour: 'services',
    breaks: ['P5', 'P8'],
  },
  {
    name: 'lost-lease-cuts-nothing',
    file: 'server/src/engine/calls.ts',
    find: 'if (isLost) for (const call of this.#out.values()) call.cut(whyCut.lost);\n    else this.withdraw();',
    replace: 'this.withdraw();',
    flavour: 'takeovers',
    breaks: ['P4'],
  },
  {
    name: 'time-out-ends-nothing',
    file: 'simulator/src/network/network.ts',
    find: "end({ kind: 'timed-out' });",
    replace: '',
    flavour: 'services',
    breaks: ['P7'],
  },
  {
    name: 'what-was-cut-never-ran',
    file: 'core/src/answer.ts',
    find: 'if (!isAwaited) return recorded;',
    replace: `if (fact.isCut === true) return mark(recorded, operation, 'p');
  if (!isAwaited) return recorded;`,
    flavour: 'services',
    breaks: ['P5'],
  },
  {
    name: 'rollback-elsewhere-freezes-too-early',
    file: 'server/src/engine/changes.ts',
    find: 'return apply(known, fact);',
    replace: 'return withMoveAsked(apply(known, fact), none, atMs);',
    breaks: ['P5'],
  },
  {
    name: 'success-beats-the-rollback',
    file: 'core/src/saga.ts',
    find: "if (decisionOf(progress, 'rollback') !== undefined) return",
    replace: "if ((frontOf(transaction)?.open ?? 0) > 0 && decisionOf(progress, 'rollback') !== undefined) return",
    breaks: ['P1'],
  },
  {
    name: 'may-have-run-ignored',
    file: 'core/src/apply.ts',
    find: "else if (states[actionOf(step)] === 'p') states[actionOf(step)] = 'm';",
    replace: '',
    breaks: ['P5'],
  },
  {
    name: 'read-again-forgets',
    file: 'server/src/engine/row.ts',
    find: "new Set(['loaded', 'due', ",
    replace: "new Set(['due', ",
    flavour: 'takeovers',
    breaks: ['P5'],
  },
  {
    name: 'set-not-frozen',
    file: 'core/src/apply.ts',
    find: "definition.type !== 'saga' || progress.status !== 'submitted') return loaded;",
    replace: "definition.type !== 'saga' || progress.status === 'prepared') return loaded;",
    flavour: 'takeovers',
    breaks: ['P5'],
  },
  {
    name: 'compensate-what-never-ran',
    file: 'core/src/front.ts',
    find: " || (operations[actionOf(step)] ?? 'p') === 'p'",
    replace: '',
    breaks: ['P5'],
  },
  {
    name: 'branches-before-the-move',
    file: 'server/src/engine/changes.ts',
    find: 'return incarnation.activate({ ...transaction, branches: row.branches }, version, sentMs);',
    replace: 'return incarnation.activate(transaction, version, sentMs);',
    breaks: ['P5'],
  },
  {
    name: 'payload-changes',
    file: 'server/src/engine/calls.ts',
    find: 'payload: target.payload,',
    replace: "payload: progress.attemptCount > 2 ? '{}' : target.payload,",
    breaks: ['P6'],
  },
  {
    name: 'claims-what-it-cannot-read',
    file: 'simulator/src/store/claims.ts',
    find: '.filter(({ needs }) => needs <= format)',
    replace: '',
    flavour: 'locks',
    breaks: ['engine'],
  },
  {
    name: 'dead-owners-ignored',
    file: 'simulator/src/store/claims.ts',
    find: 'of [...orphaned, ...due]',
    replace: 'of due',
    breaks: ['P7'],
  },
  {
    name: 'lost-wake-up',
    file: 'server/src/engine/actor.ts',
    find: 'this.#wakeTimer = this.#context.clock.timerAt(untilMs, () => this.#step());',
    replace: '',
    breaks: ['P7'],
  },
  {
    name: 'wake-not-kept',
    file: 'server/src/engine/actor.ts',
    find: 'wake(): void {\n    this.#woken = true;',
    replace: 'wake(): void {',
    breaks: ['P7'],
  },
  {
    name: 'wake-lost-at-hand-back',
    file: 'server/src/engine/engine.ts',
    find: 'if (actor !== undefined && !actor.isReleasing) {',
    replace: 'if (actor !== undefined) {',
    flavour: 'services',
    breaks: ['P7'],
  },
  {
    name: 'time-out-ignored',
    file: 'core/src/saga.ts',
    find: 'if (nowMs >= deadlineMs(transaction)) return toAborting(',
    replace: 'if (nowMs >= deadlineMs(transaction) + 3_600_000) return toAborting(',
    breaks: ['P7'],
  },
  {
    name: 'due-too-late',
    file: 'server/src/engine/actor.ts',
    find: 'this.#release(decision.untilMs);',
    replace: 'this.#release(decision.untilMs + 3_600_000);',
    breaks: ['P7'],
  },
  {
    name: 'poison-stops-the-claim',
    file: 'server/src/engine/take-up.ts',
    find: 'this.breaks(stored.definition.gid, error);',
    replace: 'throw error;',
    breaks: ['P7', 'P8', 'engine'],
  },
  {
    name: 'serial-recovery',
    file: 'server/src/engine/active-room.ts',
    find: 'const isTight = ',
    replace: 'const isTight = this.#count > 0 || ',
    flavour: 'dead-service',
    breaks: ['P7', 'P8'],
  },
  {
    name: 'locked-rows-leave-nothing',
    file: 'simulator/src/store/claims.ts',
    find: 'const left = unfinishedByDue(database.rows.values());',
    replace: `const left = unfinishedByDue(database.rows.values()).filter(
    ({ definition }) => !database.locked.has(definition.gid),
  );`,
    flavour: 'locks',
    breaks: ['P7'],
  },
  {
    name: 'stuck-is-done',
    file: 'server/src/engine/journal.ts',
    find: 'this.#stuck.add(entry, result, attempts.isUnknown);',
    replace: "this.#forget(entry);\n            entry.done('done');",
    flavour: 'locks',
    breaks: ['P1', 'P2', 'P4'],
  },
  {
    name: 'stuck-is-forgotten',
    file: 'server/src/engine/stuck-writes.ts',
    find: '    this.#later(chain);\n  }\n\n  /** Puts',
    replace: '  }\n\n  /** Puts',
    flavour: 'locks',
    breaks: ['P7'],
  },
  {
    name: 'late-answer-revives-the-lease',
    file: 'server/src/engine/lease.ts',
    find: 'if (this.#isBegun && !this.isValid()) return;',
    replace: 'this.#ended = false;',
    flavour: 'takeovers',
    breaks: ['P4', 'P7'],
  },
  {
    name: 'answers-of-parts-mixed-up',
    file: 'simulator/src/store/store.ts',
    find: 'if (failed.length === 0) return ended.flatMap(',
    replace: 'if (failed.length === 0) return ended.toReversed().flatMap(',
    flavour: 'locks',
    breaks: ['P1', 'P2', 'P4', 'P7'],
  },
  {
    name: 'restart-loses-commits',
    file: 'simulator/src/world/nemesis.ts',
    find: 'storeWeather.restarts += 1;',
    replace: `storeWeather.restarts += 1;
    for (const gid of [...this.#world.database.rows.keys()].slice(-2)) this.#world.database.remove(gid, { kind: 'purge', by: 'nemesis', write: undefined });`,
    breaks: ['P1', 'P3'],
  },
  {
    name: 'barrier-broken',
    file: 'simulator/src/network/bank.ts',
    find: 'if (!this.hasBarrier) return',
    replace: "if (request.gid !== '') return",
    breaks: ['money'],
  },
  {
    name: 'xa-acts-before-the-decision',
    file: 'core/src/xa.ts',
    find: 'return decideSecondPhase(phase, transaction, inFlight, nowMs);',
    replace: `const { progress, branches } = transaction;
  const isEarly = progress.status === 'prepared' && branches.length > 0;
  const decided = isEarly ? { ...transaction, progress: { ...progress, status: 'aborting' as const } } : transaction;
  return decideSecondPhase(phase, decided, inFlight, nowMs);`,
    breaks: ['P2'],
  },
  {
    name: 'xa-in-the-wrong-order',
    file: 'core/src/xa.ts',
    find: "order: 'first-to-last'",
    replace: "order: 'last-to-first'",
    breaks: ['P5'],
  },
  {
    name: 'registration-slips-past-the-abort',
    file: 'server/src/engine/registration.ts',
    find: "#write(gid: string, append: Omit<AppendWrite, 'kind' | 'gid' | 'token' | 'whileStatus'>): Promise<Appended> {",
    replace: `async #write(gid: string, asked: Omit<AppendWrite, 'kind' | 'gid' | 'token' | 'whileStatus'>): Promise<Appended> {
    const row = await this.#context.rows.load(gid, 'bare');
    const append = { ...asked, whileStatus: row?.progress.status ?? 'prepared' };`,
    breaks: ['P5'],
  },
  {
    name: 'registrations-read-before-the-time-out',
    file: 'server/src/engine/actor.ts',
    find: "if (hasSecondPhase(this.#row.durable.definition.type) && from === 'prepared') this.#reload();\n    else ",
    replace: '',
    flavour: 'slow-store',
    breaks: ['P5'],
  },
  {
    name: 'registered-step-lost',
    file: 'server/src/engine/acceptance.ts',
    find: "const stored = await this.#rows.load(asked.gid, 'whole');",
    replace: "const stored = await this.#rows.load(asked.gid, 'bare');",
    breaks: ['P1'],
  },
  {
    name: 'registered-step-changed',
    file: 'server/src/engine/registration.ts',
    find: 'if (stored !== undefined && branches.every((branch) => isStored(stored.branches, branch))) return;',
    replace: 'if (stored !== undefined && isStored(stored.branches, stored.branches[0] as BranchOperation)) return;',
    breaks: ['P1'],
  },
  {
    name: 'workflow-reason-cut',
    file: 'core/src/apply.ts',
    find: 'progress: { ...ended.progress, reason,',
    replace: 'progress: { ...ended.progress, reason: shorten(reason, limits.reasonBytes),',
    breaks: ['P1', 'P3'],
  },
  {
    name: 'callback-forgotten',
    file: 'core/src/answer.ts',
    find: 'const dueMs = atMs + intervalMs;',
    replace: 'const dueMs = Number.MAX_SAFE_INTEGER;',
    breaks: ['P7'],
  },
  {
    name: 'callback-postponed-too-far',
    file: 'core/src/apply.ts',
    find: 'const dueMs = atMs + plan.retryIntervalMs;',
    replace: 'const dueMs = atMs + 20 * plan.retryIntervalMs;',
    flavour: 'services',
    breaks: ['P7'],
  },
  {
    name: 'step-is-no-sign-of-life',
    file: 'server/src/engine/registration.ts',
    find: 'maxBytes, dueMs } as const',
    replace: 'maxBytes } as const',
    flavour: 'services',
    breaks: ['P7'],
  },
  {
    name: 'resumption-is-no-sign-of-life',
    file: 'core/src/request.ts',
    find: "return progress.status === 'prepared' ? { kind: 'alive', atMs } : 'nothing';",
    replace: "return progress.status === 'prepared' && atMs < 0 ? { kind: 'alive', atMs } : 'nothing';",
    flavour: 'services',
    breaks: ['P7'],
  },
  {
    name: 'sign-of-life-calls-back',
    file: 'server/src/engine/actor.ts',
    find: ' && !wasAlive(durable, this.#row.durable)',
    replace: '',
    flavour: 'dead-service',
    breaks: ['P7'],
  },
  {
    name: 'subscription-overwritten',
    file: 'server/src/engine/topics.ts',
    find: 'const version = record?.version ?? 0;',
    replace: 'const version = (await this.#store.getValue(category, topic).catch(refuse))?.version ?? 0;',
    breaks: ['P1'],
  },
];
