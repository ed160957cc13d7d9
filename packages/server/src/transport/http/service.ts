import { HoldfastError } from '@holdfast/core';
import type { Coordinator } from '../../engine/coordinator.ts';
import { type Answer, answer, jsonAnswer } from './answer.ts';

export interface ServiceParts {
  readonly coordinator: Pick<Coordinator, 'unready'>;
  /** The metrics in the text format of Prometheus. */
  exposition(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Copies the store while it runs, to a path that the coordinator chooses. Absent: this store has no such copy. */
  backup?(): Promise<{ readonly path: string; readonly bytes: number }>;
}

export interface ServiceRoute {
  readonly methods: readonly string[] | 'any';
  readonly path: string;
  handle(): Promise<Answer>;
}

/** Routes that are about the process, not about a transaction. */
export function serviceRoutes(parts: ServiceParts): readonly ServiceRoute[] {
  const { coordinator, backup } = parts;
  const probes: ServiceRoute[] = [
    { methods: 'any', path: '/api/ping', handle: async () => answer(200, '{"msg":"pong"}') },
    { methods: ['GET', 'HEAD'], path: '/healthz', handle: async () => answer(200, '{"status":"alive"}') },
    { methods: ['GET', 'HEAD'], path: '/readyz', handle: async () => readiness(coordinator.unready()) },
    {
      methods: ['GET'],
      path: '/api/metrics',
      handle: async () => {
        const { contentType, text } = await parts.exposition();
        return answer(200, text, 0, contentType);
      },
    },
  ];
  if (backup === undefined) return probes;
  return [...probes, { methods: ['POST'], path: '/api/v1/backup', handle: oneAtATime(() => backup.call(parts)) }];
}

function readiness(reason: string | undefined): Answer {
  if (reason === undefined) return answer(200, '{"status":"ready"}');
  return answer(503, JSON.stringify({ status: 'unready', message: reason }), 1);
}

/** A second backup would only slow the first down. */
function oneAtATime(backup: () => Promise<{ path: string; bytes: number }>): () => Promise<Answer> {
  let isRunning = false;
  return async () => {
    if (isRunning) throw new HoldfastError('UNAVAILABLE', 'a backup is being made already', { retryAfterMs: 5000 });
    isRunning = true;
    try {
      const { path, bytes } = await backup();
      return jsonAnswer({ path, bytes });
    } finally {
      isRunning = false;
    }
  };
}
