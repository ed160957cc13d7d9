import { readFileSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { StoreError } from '../../store.ts';
import { syncPath } from '../synced.ts';
import type { WalGeneration } from './wal-file.ts';

/**
 * What the database and its WAL must hold at least, as it was known to be on the disk when this was written:
 *
 * - `open`: the WAL has `frames` frames of this generation, or it has been begun anew since
 * - `closed`: the database has everything; a WAL is not needed
 */
export interface FolderState {
  readonly phase: 'open' | 'closed';
  /** The id that is stored in the database. */
  readonly id: string;
  /** How often the database was opened, as its file says without the WAL. */
  readonly starts: number;
  /** `closed`: the last one there was. */
  readonly wal: WalMark;
}

export interface WalMark extends WalGeneration {
  /** Whole frames, up to the end of a commit. */
  readonly frames: number;
}

const format = 1;
/** A power cut can tear the slot that is being written, and never the one before it. */
const slotBytes = 4096;
const slots = 2;

interface Slot {
  readonly serial: number;
  readonly state: FolderState;
}

/**
 * `holdfast.state`: two slots that are written in turn, each a line of JSON behind its checksum. Written in place, so
 * that it needs neither room on the disk nor more than one sync.
 */
export class StateFile {
  readonly #file: FileHandle;
  #serial: number;

  private constructor(file: FileHandle, serial: number) {
    this.#file = file;
    this.#serial = serial;
  }

  /**
   * @returns undefined where there is none; `unreadable` where neither slot is whole
   * @throws StoreError `version` where a newer Holdfast wrote it
   */
  static read(path: string): FolderState | 'unreadable' | undefined {
    const bytes = readIfThere(path);
    return bytes && (newest(bytes)?.state ?? 'unreadable');
  }

  /** Goes on with the file that is there, or makes it with this state: then it is whole or not there at all. */
  static async openWith(path: string, state: FolderState): Promise<StateFile> {
    const found = readIfThere(path);
    if (found === undefined) await create(path, state);
    const file = new StateFile(await open(path, 'r+'), (found && newest(found)?.serial) ?? 0);
    if (found !== undefined) await file.write(state);
    return file;
  }

  /** On the disk when it resolves. One after the other. */
  async write(state: FolderState): Promise<void> {
    const serial = this.#serial + 1;
    await this.#file.write(encode({ serial, state }), 0, slotBytes, (serial % slots) * slotBytes);
    await this.#file.datasync();
    this.#serial = serial;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function create(path: string, state: FolderState): Promise<void> {
  const unfinished = `${path}.new`;
  const file = await open(unfinished, 'w');
  try {
    const slot = encode({ serial: 0, state });
    await file.write(Buffer.concat(Array.from({ length: slots }, () => slot)), 0, slots * slotBytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
  await syncPath(dirname(path));
}

function encode({ serial, state: { phase, id, starts, wal } }: Slot): Buffer {
  const { sequence, salt1, salt2, frames } = wal;
  const json = JSON.stringify({ format, serial, phase, id, starts, wal: { sequence, salt1, salt2, frames } });
  return Buffer.from(`${checksum(json)} ${json}`.padEnd(slotBytes, '\n'));
}

/** The whole slot that was written last. */
function newest(bytes: Buffer): Slot | undefined {
  const found = Array.from({ length: slots }, (_, index) => decode(bytes, index)).filter((slot) => slot !== undefined);
  return found.sort((one, other) => other.serial - one.serial)[0];
}

function decode(bytes: Buffer, index: number): Slot | undefined {
  const line = bytes.toString('latin1', index * slotBytes, (index + 1) * slotBytes).trimEnd();
  const [sum, json] = [line.slice(0, 8), line.slice(9)];
  if (json === '' || sum !== checksum(json)) return undefined;
  const { serial, ...state }: FolderState & { readonly serial: number; readonly format: number } = JSON.parse(json);
  if (state.format > format) {
    throw new StoreError(
      'version',
      `holdfast.state has format ${state.format}, this Holdfast knows ${format}: start the newer Holdfast that wrote it`,
    );
  }
  return { serial, state };
}

const checksum = (text: string) => crc32(text).toString(16).padStart(8, '0');

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
