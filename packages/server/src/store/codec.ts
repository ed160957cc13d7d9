import type { BranchOperation, Definition, Payload, Progress, Status, Step } from '@holdfast/core';
import { usualProgressText } from './progress-text.ts';
import { StoreError } from './store.ts';

/**
 * How definitions, branches and progress look in a store. There are two forms:
 *
 * - text: `[1,` JSON `]`. Everything is in it as it is; JSON escapes lone surrogates and NUL, so any string survives.
 * - bytes, used where a payload is bytes or a long text: 0x01, the length of the JSON in UTF-8 (4 bytes, little endian),
 *   that JSON with `[start, length]` in the place of such a payload, then the payloads one after the other. With a long
 *   text among them it begins with 0x02, and the place of a text is `[start, length, "t"]`: it is there in UTF-8. So a
 *   long payload is copied, where JSON would look at each of its characters twice.
 *
 * A store with a single bytes column may keep text as UTF-8: `[` is not 0x01.
 */
export type Stored = string | Uint8Array;

/** What a store keeps of a progress in columns, beside `text`. The columns win: `makeDue` changes only the column. */
export interface StoredProgress {
  readonly status: Status;
  readonly dueMs: number;
  readonly updatedMs: number;
  readonly finishedMs: number;
  readonly incident: string;
  /** For readers of the database. Where it cannot be plain text, the exact one is in `text`. */
  readonly reason: string;
  readonly text: string;
}

const format = 1;
/** Of bytes in which payloads may be texts. */
const formatOfTexts = 2;
/** A text of more characters than that is kept beside the JSON. */
const shortCharacters = 1024;
const textStart = `[${format},`;
const headerBytes = 5;
const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function encodeDefinition(definition: Definition): Stored {
  if (definition.steps.every((step) => isInJson(step.payload))) return toText(definition);
  const payloads = new PayloadWriter();
  const steps = definition.steps.map((step) => ({ ...step, payload: payloads.place(step.payload) }));
  return payloads.finish({ ...definition, steps });
}

export function decodeDefinition(stored: Stored): Definition {
  return asDamage('definition', () => {
    const { value, payloads } = decode<Definition>(stored, 'definition');
    if (payloads === undefined) return value;
    const steps: Step[] = value.steps.map((step) => ({ ...step, payload: takePayload(step.payload, payloads) }));
    return { ...value, steps };
  });
}

type StoredBranch = readonly [url: string, payload: Payload, state?: NonNullable<BranchOperation['state']>];

/** URL, payload and, of a workflow's step, its state; branch_id and op are keys of their own in every store. */
export function encodeBranch({ url, payload, state }: BranchOperation): Stored {
  const rest = state === undefined ? [] : [state];
  if (isInJson(payload)) return toText([url, payload, ...rest]);
  const payloads = new PayloadWriter();
  return payloads.finish([url, payloads.place(payload), ...rest]);
}

export function decodeBranch(branchId: string, op: string, stored: Stored): BranchOperation {
  return asDamage('branch', () => {
    const { value, payloads } = decode<StoredBranch>(stored, 'branch');
    const [url, given, state] = value;
    const payload = payloads === undefined ? given : takePayload(given, payloads);
    return { branchId, op, url, payload, ...(state === undefined ? {} : { state }) };
  });
}

/** Whatever has no column goes into the text, also what a later core adds. */
export function encodeProgress(progress: Progress): StoredProgress {
  const { status, dueMs, updatedMs, finishedMs, incident, reason } = progress;
  const isPlain = isPlainText(reason);
  const usual = isPlain ? usualProgressText(progress) : undefined;
  if (usual !== undefined) {
    return { status, dueMs, updatedMs, finishedMs, incident, reason, text: `${textStart}${usual}]` };
  }
  const rest = withoutColumns(progress);
  if (isPlain) return { status, dueMs, updatedMs, finishedMs, incident, reason, text: toText(rest) };
  const column = reason.toWellFormed().replaceAll('\0', '\ufffd');
  const text = toText({ ...rest, reason });
  return { status, dueMs, updatedMs, finishedMs, incident, reason: column, text };
}

function withoutColumns({ status, dueMs, updatedMs, finishedMs, incident, reason, ...rest }: Progress): ProgressText {
  return rest;
}

type ColumnsOnly = 'status' | 'dueMs' | 'updatedMs' | 'finishedMs' | 'incident' | 'reason';
type ProgressText = Omit<Progress, ColumnsOnly> & { readonly reason?: string };

export function decodeProgress(stored: StoredProgress): Progress {
  const { value } = decode<ProgressText>(stored.text, 'progress');
  const { status, dueMs, updatedMs, finishedMs, incident, reason } = stored;
  return { status, dueMs, updatedMs, finishedMs, incident, reason, ...value };
}

/** A status as a store keeps it: what the database holds is checked, not believed. */
export function toStatus(text: string): Status {
  switch (text) {
    case 'prepared':
    case 'submitted':
    case 'aborting':
    case 'succeed':
    case 'failed':
      return text;
    default:
      // Not what is there: in an answer it could mean an outcome.
      throw new StoreError(
        'version',
        `a stored status is none that this Holdfast knows: ${advice}, or end it with holdfast stop`,
      );
  }
}

/** Text that every database keeps as it is: well-formed, and without NUL, which PostgreSQL refuses. */
function isPlainText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

const toText = (value: unknown) => `${textStart}${JSON.stringify(value)}]`;

/** Bytes that are no UTF-8, or JSON of another shape, break the decoder somewhere. */
function asDamage<T>(what: string, decoded: () => T): T {
  try {
    return decoded();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw damaged(what, 'it is not what belongs there', error);
  }
}

interface Decoded<T> {
  readonly value: T;
  /** The bytes behind the JSON; undefined in the text form. */
  readonly payloads: Uint8Array | undefined;
}

function decode<T>(stored: Stored, what: string): Decoded<T> {
  if (typeof stored === 'string') return { value: parseText<T>(stored, what), payloads: undefined };
  if (stored[0] === textStart.charCodeAt(0)) {
    return { value: parseText<T>(utf8Decoder.decode(stored), what), payloads: undefined };
  }
  if (stored[0] !== format && stored[0] !== formatOfTexts) throw unreadable(what, `format ${stored[0]}`);
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const end = stored.length < headerBytes ? Number.POSITIVE_INFINITY : headerBytes + view.getUint32(1, true);
  if (end > stored.length) throw damaged(what, 'it is cut off');
  const value = parseJson<T>(utf8Decoder.decode(stored.subarray(headerBytes, end)), what);
  return { value, payloads: stored.subarray(end) };
}

function parseText<T>(text: string, what: string): T {
  if (!text.startsWith(textStart))
    throw unreadable(what, `format ${/^\[\d{1,9}/.exec(text)?.[0].slice(1) ?? 'unknown'}`);
  return parseJson<[number, T]>(text, what)[1];
}

function parseJson<T>(text: string, what: string): T {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(what, 'no JSON', error);
  }
}

const advice = 'use the version of Holdfast that wrote it, or restore a backup';

function unreadable(what: string, why: string): StoreError {
  return new StoreError('version', `a stored ${what} cannot be read (${why}): ${advice}`);
}

/**
 * @param what such as `definition`
 * @param todo what helps: by itself what helps a transaction
 */
export function damaged(
  what: string,
  why: string,
  cause?: unknown,
  todo = 'restore a backup, or end it with holdfast stop',
): StoreError {
  return new StoreError('version', `a stored ${what} cannot be read (damaged: ${why}): ${todo}`, { cause });
}

/** Where a payload is among those behind the JSON. */
type Place = readonly [start: number, length: number, isText?: 't'];

/** Whether it is kept in the JSON. Half of a surrogate pair would be lost elsewhere. */
function isInJson(payload: Payload): payload is string {
  return typeof payload === 'string' && (payload.length <= shortCharacters || !payload.isWellFormed());
}

/** Collects the payloads that are kept behind the JSON while that is built. */
class PayloadWriter {
  readonly #payloads: Payload[] = [];
  #length = 0;
  #hasTexts = false;

  place(payload: Payload): string | Place {
    if (isInJson(payload)) return payload;
    const start = this.#length;
    const length = Buffer.byteLength(payload);
    this.#payloads.push(payload);
    this.#length += length;
    if (typeof payload !== 'string') return [start, length];
    this.#hasTexts = true;
    return [start, length, 't'];
  }

  finish(value: unknown): Uint8Array {
    const json = JSON.stringify(value);
    const jsonBytes = Buffer.byteLength(json);
    // All of it is written below.
    const bytes = Buffer.allocUnsafe(headerBytes + jsonBytes + this.#length);
    bytes[0] = this.#hasTexts ? formatOfTexts : format;
    bytes.writeUInt32LE(jsonBytes, 1);
    let at = headerBytes;
    for (const part of [json, ...this.#payloads]) {
      if (typeof part === 'string') at += utf8Encoder.encodeInto(part, bytes.subarray(at)).written;
      else {
        bytes.set(part, at);
        at += part.length;
      }
    }
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

function takePayload(payload: string | Place | Uint8Array, payloads: Uint8Array): Payload {
  if (typeof payload === 'string' || payload instanceof Uint8Array) return payload;
  const [start, length, isText] = payload;
  if (start + length > payloads.length) throw damaged('payload', 'it is cut off');
  const bytes = payloads.subarray(start, start + length);
  return isText === 't' ? utf8Decoder.decode(bytes) : bytes;
}
