import type { Coordinator } from '../../../engine/coordinator.ts';
import type { BackupFile, BackupRequest } from '../../../store/capabilities.ts';
import { type Answer, answer, textType } from '../answer.ts';
import type { Asker } from '../request-head.ts';
import { backupRoute } from './backup-route.ts';

export interface ProcessParts {
  readonly coordinator: Pick<Coordinator, 'unready'>;
  /** What this machine is short of now, for people. */
  shortage?(): string | undefined;
  /** Hosts of the database take writes that must not be used, for people. */
  split?(): string | undefined;
  /** Of this program, without a leading v. */
  readonly version: string;
  /** The metrics in the text format of Prometheus. */
  exposition(): Promise<{ readonly contentType: string; readonly text: string }>;
  /**
   * Copies the store while it runs. Absent: this store has no such copy.
   * @throws HoldfastError INVALID_INPUT naming `to` where that is no folder
   */
  backup?(request: BackupRequest): Promise<BackupFile>;
}

export interface ProcessRoute {
  readonly methods: readonly string[] | 'any';
  readonly path: string;
  handle(body: Buffer, parameters: URLSearchParams, asker: Asker): Promise<Answer>;
}

/** Routes that are about the process, not about a transaction. */
export function processRoutes(parts: ProcessParts): readonly ProcessRoute[] {
  const { coordinator, version, backup } = parts;
  const greeting =
    `Holdfast v${version}, a coordinator of distributed transactions. ` +
    'The API is described in docs/http-api.md of the project, the state of this server is at /readyz.\n';
  const probes: ProcessRoute[] = [
    { methods: ['GET', 'HEAD'], path: '/', handle: async () => answer(200, greeting, 0, textType) },
    // Browsers ask for it by themselves.
    { methods: ['GET', 'HEAD'], path: '/favicon.ico', handle: async () => answer(204, '') },
    { methods: 'any', path: '/api/ping', handle: async () => answer(200, '{"msg":"pong"}') },
    { methods: ['GET', 'HEAD'], path: '/healthz', handle: async () => answer(200, '{"status":"alive"}') },
    {
      methods: ['GET', 'HEAD'],
      path: '/readyz',
      handle: async () => readiness(coordinator.unready(), parts.split?.() ?? parts.shortage?.()),
    },
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
  return [
    ...probes,
    { methods: ['POST'], path: '/api/v1/backup', handle: backupRoute((request) => backup.call(parts, request)) },
  ];
}

/** @param warning what is wrong while it serves on, so that it stays ready */
function readiness(reason: string | undefined, warning: string | undefined): Answer {
  if (reason === undefined) {
    return answer(200, JSON.stringify({ status: 'ready', ...(warning !== undefined && { warning }) }));
  }
  return answer(503, JSON.stringify({ status: 'unready', message: reason }), 1);
}
