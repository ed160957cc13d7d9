import type { Coordinator } from '../../../engine/coordinator.ts';
import type { Noted } from '../../wire/unknown.ts';
import type { Answer } from '../answer.ts';
import type { HttpSettings } from '../settings.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/api/dtmsvr/`; in lower case it is the `api` of the metrics. */
  readonly name: string;
  /** Its answer may be megabytes of what is stored: it waits for its turn among such reads. */
  readonly isRead?: true;
  /** As a read it is refused while too many answers wait for their clients, but it waits for no turn. */
  readonly isLarge?: true;
  /** Decodes before it first waits: the body is not kept. */
  handle(body: Buffer, parameters: URLSearchParams): Promise<Answer>;
  /** What is thrown, as an answer; absent: as JSON. */
  refuse?(error: unknown): Answer;
}

export interface RouteParts {
  readonly coordinator: Coordinator;
  readonly settings: Pick<HttpSettings, 'listRows' | 'listBytes' | 'resetRows' | 'resetAfterMs'>;
  /** As `version` shows it, without the leading v. */
  readonly version: string;
  /** Told of the fields of a request that mean nothing; with what it makes of the answer. */
  noted(api: string, asked: Noted, answer: Answer): Answer;
}
