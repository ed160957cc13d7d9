import { type AskedRollback, invalid, limits } from '@holdfast/core';
import type { ClockState } from '../../../engine/clock-state.ts';
import type { Coordinator } from '../../../engine/coordinator.ts';
import {
  encodeDestination,
  encodeExplained,
  encodeNode,
  encodeRolledBack,
  encodeSummary,
} from '../../wire/explained.ts';
import { booleanField, keptText, stringField } from '../../wire/fields.ts';
import { checkedId, statusNamed, transactionType, unknownGid } from '../../wire/identity.ts';
import { parseObject, textOf } from '../../wire/json.ts';
import { latestTimeMs, wholeNumber } from '../../wire/list.ts';
import type { AskedList } from '../../wire/stored.ts';
import { timeForm, timeMsOf } from '../../wire/time.ts';
import { type Answer, jsonAnswer } from '../answer.ts';
import type { HttpSettings } from '../settings.ts';
import { turnFor } from './long-answers.ts';
import type { Route } from './route.ts';

/**
 * Our own API for operators, below `/api/v1/`.
 * @param split which hosts of the database take writes that must not be used, for people
 */
export function v1Routes(
  coordinator: Coordinator,
  { listRows }: Pick<HttpSettings, 'listRows'>,
  split: () => string | undefined,
): readonly Route[] {
  return [
    {
      method: 'GET',
      name: 'transactions/:gid',
      isRead: true,
      handle: async (_, parameters) => {
        const shown = await coordinator.explain(gidIn(parameters));
        if (shown === undefined) throw unknownGid();
        await turnFor(shown.stored, coordinator);
        return jsonAnswer(encodeExplained(shown));
      },
    },
    {
      method: 'POST',
      name: 'transactions/:gid/rollback',
      handle: (body, parameters) => rollback(coordinator, gidInPath(parameters), askedRollback(textOf(body))),
    },
    {
      method: 'GET',
      name: 'transactions',
      isRead: true,
      handle: async (_, parameters) => {
        const { transactions, next } = await coordinator.list(decodeFilter(parameters, listRows));
        return jsonAnswer({ transactions: transactions.map(encodeSummary), next });
      },
    },
    {
      method: 'GET',
      name: 'destinations',
      handle: async () => jsonAnswer({ destinations: coordinator.destinations().map(encodeDestination) }),
    },
    {
      method: 'GET',
      name: 'nodes',
      handle: async () => jsonAnswer({ nodes: coordinator.nodes().map(encodeNode), incident: split() ?? '' }),
    },
    {
      method: 'POST',
      name: 'nodes/:id/drain',
      handle: async (_, parameters) => {
        await coordinator.drain(checkedId(parameters.get('id') ?? '', 'id'));
        return jsonAnswer({ asked: true });
      },
    },
    { method: 'GET', name: 'clock', handle: async () => jsonAnswer(encodeClock(coordinator.clockState())) },
    {
      method: 'POST',
      name: 'clock/accept',
      handle: async () => {
        const accepted = await coordinator.acceptClock();
        return jsonAnswer({ accepted, ...encodeClock(coordinator.clockState()) });
      },
    },
  ];
}

function encodeClock({ nowMs, wallMs, held }: ClockState): object {
  return {
    time: new Date(nowMs).toISOString(),
    machineTime: new Date(wallMs).toISOString(),
    machineAheadMs: Math.round(wallMs - nowMs),
    heldSince: held === undefined ? null : new Date(held.fromMs).toISOString(),
    acceptedAfterMs: held?.leftMs ?? null,
    incident: held?.incident ?? '',
  };
}

function gidIn(parameters: URLSearchParams): string {
  return checkedId(keptText(parameters.get('gid') ?? '', 'gid'), 'gid');
}

/** A field of the body in the query, such as `?doNotWait=true`, is refused: ignoring it would do something else than asked. */
function gidInPath(parameters: URLSearchParams): string {
  for (const name of parameters.keys()) {
    if (name !== 'gid')
      throw invalid('parameters', `must be none: ${rollbackFields.join(' and ')} belong into the body`);
  }
  return gidIn(parameters);
}

async function rollback(coordinator: Coordinator, gid: string, asked: AskedRollback): Promise<Answer> {
  return jsonAnswer(encodeRolledBack(await coordinator.rollback(gid, asked)));
}

const rollbackFields = ['reason', 'doNotWait'];

/** @throws HoldfastError INVALID_INPUT naming the field, also one that there is not: it would be a typing error */
function askedRollback(text: string): AskedRollback {
  const fields = text === '' ? {} : parseObject(text);
  if (Object.keys(fields).some((name) => !rollbackFields.includes(name))) {
    throw invalid('body', `must have only the fields ${rollbackFields.join(', ')}`);
  }
  const reason = stringField(fields, 'reason');
  const most = limits.attemptReasonBytes;
  if (Buffer.byteLength(reason) > most) throw invalid('reason', `must be at most ${most} bytes of UTF-8`);
  // Clients that wait are told the reason, and to them this word means that it goes on.
  if (reason.includes('ONGOING'))
    throw invalid('reason', 'must not contain the word for an outcome that is not known yet');
  return { reason, doNotWait: booleanField(fields, 'doNotWait') };
}

const filterNames = [
  'status',
  'type',
  'gidPrefix',
  'incident',
  'createdFrom',
  'createdTo',
  'position',
  'limit',
] as const;

/** @throws HoldfastError INVALID_INPUT naming the parameter, also one that there is not: a typing error must not list all */
function decodeFilter(parameters: URLSearchParams, most: number): AskedList {
  for (const name of parameters.keys()) {
    if (!filterNames.some((known) => known === name)) {
      throw invalid('parameters', `must be among ${filterNames.join(', ')}`);
    }
  }
  const text = (name: (typeof filterNames)[number]) => keptText(parameters.get(name) ?? '', name);
  const createdFromMs = timeParameter(parameters, 'createdFrom');
  const createdToMs = timeParameter(parameters, 'createdTo');
  return {
    limit: wholeNumber(parameters, 'limit', 1, most) ?? Math.min(most, 100),
    ...(text('status') !== '' && { status: statusNamed(text('status')) }),
    ...(text('type') !== '' && { type: transactionType(text('type'), 'type') }),
    ...(text('gidPrefix') !== '' && { gidPrefix: text('gidPrefix') }),
    ...(isTrue(text('incident'), 'incident') && { hasIncident: true }),
    ...(text('position') !== '' && { position: text('position') }),
    ...(createdFromMs !== undefined && { createdFromMs }),
    ...(createdToMs !== undefined && { createdToMs }),
  };
}

function isTrue(text: string, name: string): boolean {
  if (text !== '' && text !== 'true' && text !== 'false') throw invalid(name, 'must be true or false');
  return text === 'true';
}

/** RFC 3339, as in the answers, or milliseconds since 1970. */
function timeParameter(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? '';
  if (/^\d*$/.test(text)) return wholeNumber(parameters, name, 0, latestTimeMs);
  const timeMs = timeMsOf(text);
  if (timeMs === undefined) throw invalid(name, `${timeForm}, or milliseconds since 1970`);
  return Math.max(0, timeMs);
}
