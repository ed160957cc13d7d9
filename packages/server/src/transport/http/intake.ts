import { HoldfastError } from '@holdfast/core';
import type { LongTurns } from '../../engine/long-turns.ts';
import type { RequestObserver } from '../observer.ts';
import { largeRequestBytes, requestsEachRound, Turns } from '../turns.ts';
import { Admission } from './admission.ts';
import type { Answer } from './answer.ts';
import { Bodies } from './bodies.ts';
import type { Served } from './served.ts';
import type { HttpSettings } from './settings.ts';
import { UnsentAnswers } from './unsent.ts';

/** What both ways in share, so that a limit holds over both together, and what is told of an answer. */
export class Intake {
  readonly settings: HttpSettings;
  readonly admission: Admission;
  readonly bodies: Bodies;
  readonly unsent: UnsentAnswers;
  readonly turns = new Turns(requestsEachRound);
  readonly #longTurns: LongTurns;
  /** Every answer from now on is the last one of its connection. */
  isClosing = false;
  readonly #observer: RequestObserver;

  constructor(settings: HttpSettings, observer: RequestObserver, longTurns: LongTurns) {
    this.settings = settings;
    this.#longTurns = longTurns;
    this.#observer = observer;
    this.admission = new Admission(settings);
    this.bodies = new Bodies(settings);
    this.unsent = new UnsentAnswers(settings.answerBudgetBytes);
  }

  /** A body has come in whole: a large one waits for its turn, on top of that of its request. */
  takeBody(bytes: number, serve: () => void): void {
    if (bytes <= largeRequestBytes) serve();
    else this.#longTurns.take(serve);
  }

  /** What was handled, as it is answered: given up where too many answers wait for their clients. */
  answerOf(served: Served, answer: Answer): Answer {
    return served.hasBudget === true && this.unsent.isFull ? served.refuse(this.unsent.tooMany()) : answer;
  }

  /** What was thrown, as an answer. What is no refusal is a defect. */
  refusalOf(served: Served, error: unknown): Answer {
    if (!(error instanceof HoldfastError)) this.#observer.broke(served.path, error);
    return served.refuse(error);
  }

  /** Of every request once, also where its client has left. */
  answered(served: Served, method: string, status: number, startedMs: number): void {
    const durationMs = performance.now() - startedMs;
    served.observe?.(status < 400, durationMs);
    this.#observer.answered(method, served.path, status, durationMs);
  }
}
