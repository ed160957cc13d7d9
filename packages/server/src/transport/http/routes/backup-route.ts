import { isAbsolute } from 'node:path';
import { HoldfastError, invalid } from '@holdfast/core';
import type { BackupFile, BackupRequest } from '../../../store/capabilities.ts';
import { keptText } from '../../wire/fields.ts';
import { parseObject, textOf } from '../../wire/json.ts';
import { type Answer, jsonAnswer } from '../answer.ts';
import { type Asker, isLoopback } from '../request-head.ts';

/** Whose connection a request came by. */
type Connected = Partial<Pick<Asker, 'remoteAddress'>>;

const mostKept = 10_000;

/** One backup at a time: a second one would only slow the first down. */
export function backupRoute(
  backup: (request: BackupRequest) => Promise<BackupFile>,
): (body: Buffer, parameters: URLSearchParams, asker: Connected) => Promise<Answer> {
  let isRunning = false;
  return async (body, parameters, asker) => {
    const request = decodeRequest(body, parameters);
    if (Object.keys(request).length > 0) refuseFromAfar(request, asker);
    if (isRunning) throw new HoldfastError('UNAVAILABLE', 'another backup is being made', { retryAfterMs: 5000 });
    isRunning = true;
    try {
      const { path, bytes, removed } = await backup(request);
      return jsonAnswer({ path, bytes, removed });
    } finally {
      isRunning = false;
    }
  };
}

/** @throws HoldfastError INVALID_INPUT naming the field, also one that there is not: its backup would be elsewhere */
function decodeRequest(body: Buffer, parameters: URLSearchParams): BackupRequest {
  if (parameters.size > 0) throw invalid('parameters', 'must be in the body, as {"to": "/a/folder", "keep": 7}');
  const text = textOf(body);
  const { to, keep, ...unknown } = text.trim() === '' ? {} : parseObject(text);
  if (Object.keys(unknown).length > 0) throw invalid('body', 'must have only the fields to and keep');
  return { ...(to !== undefined && { to: folderOf(to) }), ...(keep !== undefined && { keep: countOf(keep) }) };
}

function folderOf(to: unknown): string {
  const isPath = typeof to === 'string' && isAbsolute(to) && !to.includes('\0') && to.length <= 4096;
  if (!isPath) throw invalid('to', 'must be the absolute path of a folder');
  return keptText(to, 'to');
}

function countOf(keep: unknown): number {
  if (typeof keep === 'number' && Number.isInteger(keep) && keep >= 1 && keep <= mostKept) return keep;
  throw invalid('keep', `must be a whole number from 1 to ${mostKept}`);
}

/** Where files are written and removed is for people on the machine: whoever comes over the network does not choose it. */
function refuseFromAfar({ to }: BackupRequest, { remoteAddress }: Connected): void {
  if (isLoopback(remoteAddress)) return;
  throw invalid(to === undefined ? 'keep' : 'to', 'is allowed only from the machine of the coordinator (loopback)');
}
