import type { Answer } from './answer.ts';
import type { Asker } from './request-head.ts';

/** How the requests of one route are served, whichever way they came in. */
export interface Served {
  /** The pattern, such as `/api/v1/transactions/:gid`. Empty: no route. */
  readonly path: string;
  readonly methods: readonly string[] | 'any';
  handle(body: Buffer, parameters: URLSearchParams, asker: Asker): Promise<Answer>;
  /** What is thrown, as an answer. */
  refuse(error: unknown): Answer;
  /** Its answer is given up where too many wait for their clients: many may have begun while there was room. */
  readonly hasBudget?: boolean;
  /** Probes: they wait for no turn. */
  readonly isAtOnce?: true;
  readonly observe?: (isFine: boolean, durationMs: number) => void;
}
