import type { Random } from '../../lib/random.ts';
import type { Event } from './recording.ts';

/** Files by name. */
export type Files = ReadonlyMap<string, Buffer>;

const sectorBytes = 512;

/**
 * What is left of writes that no sync has covered: `none` of them, all of them, or some, and then a write may be torn
 * between two sectors. `killed`: the system lives on, and nothing is lost.
 */
export const losses = ['killed', 'none', 'half', 'few', 'most'] as const;
export type Loss = (typeof losses)[number];
const kept: Readonly<Record<Loss, number>> = { killed: 1, none: 0, half: 0.5, few: 0.1, most: 0.9 };

/** Bytes that grow; what is not written is zero. */
class Bytes {
  #held: Buffer;
  #size: number;

  constructor(bytes: Buffer) {
    this.#held = Buffer.from(bytes);
    this.#size = bytes.length;
  }

  get value(): Buffer {
    return this.#held.subarray(0, this.#size);
  }

  apply(change: Change): void {
    if (change.kind === 'cut') {
      this.#resize(change.size);
      return;
    }
    this.#resize(Math.max(this.#size, change.at + change.bytes.length));
    change.bytes.copy(this.#held, change.at);
  }

  #resize(size: number): void {
    if (size > this.#held.length) this.#held = Buffer.concat([this.value, Buffer.alloc(2 * size - this.#size)]);
    if (size < this.#size) this.#held.fill(0, size, this.#size);
    this.#size = size;
  }
}

/** A file apart from its names: what is surely on the disk, and what was done since. */
class Content {
  readonly #durable: Bytes;
  #pending: { readonly index: number; readonly change: Change }[] = [];

  constructor(bytes: Buffer) {
    this.#durable = new Bytes(bytes);
  }

  changed(index: number, change: Change): void {
    this.#pending.push({ index, change });
  }

  synced(begin: number): void {
    for (const { index, change } of this.#pending) if (index < begin) this.#durable.apply(change);
    this.#pending = this.#pending.filter(({ index }) => index >= begin);
  }

  left(loss: Loss, random: Random): Buffer {
    const bytes = new Bytes(this.#durable.value);
    for (const { change } of this.#pending) {
      if (loss === 'killed') bytes.apply(change);
      else if (random.next() < kept[loss]) bytes.apply(change.kind === 'write' ? torn(change, random) : change);
    }
    return bytes.value;
  }
}

type Change = Extract<Event, { readonly kind: 'write' | 'cut' }>;

/** Some sectors of a write that was under way; mostly all of them. */
function torn(write: Extract<Event, { kind: 'write' }>, random: Random): Change {
  if (random.chance(0.7) || write.bytes.length <= sectorBytes) return write;
  const end = Math.ceil(random.whole(1, write.bytes.length) / sectorBytes) * sectorBytes;
  // The disk counts sectors from the beginning of the file.
  return { ...write, bytes: write.bytes.subarray(0, Math.max(0, end - (write.at % sectorBytes))) };
}

/**
 * The files as they are left when everything ends right before an event. A folder keeps the order of what was done to
 * its names: of what no sync has covered, the first so many are left.
 */
export function imageAt(start: Files, events: readonly Event[], end: number, loss: Loss, random: Random): Files {
  let names = new Map([...start].map(([name, bytes]) => [name, new Content(bytes)]));
  let durableNames = new Map(names);
  let pendingNames: { readonly index: number; readonly names: Map<string, Content> }[] = [];
  const rename = (index: number, change: (next: Map<string, Content>) => void) => {
    const next = new Map(names);
    change(next);
    names = next;
    pendingNames.push({ index, names });
  };
  for (const [index, event] of events.slice(0, end).entries()) {
    switch (event.kind) {
      case 'write':
      case 'cut':
        names.get(event.file)?.changed(index, event);
        break;
      case 'make':
        if (!names.has(event.file)) rename(index, (next) => next.set(event.file, new Content(Buffer.alloc(0))));
        break;
      case 'remove':
        rename(index, (next) => next.delete(event.file));
        break;
      case 'rename':
        rename(index, (next) => {
          const content = next.get(event.file);
          next.delete(event.file);
          if (content !== undefined) next.set(event.to, content);
        });
        break;
      case 'sync':
        names.get(event.file)?.synced(event.begin);
        break;
      case 'sync-folder': {
        durableNames = pendingNames.findLast((one) => one.index < event.begin)?.names ?? durableNames;
        pendingNames = pendingNames.filter((one) => one.index >= event.begin);
        break;
      }
      case 'acknowledged':
        break;
      default:
        event satisfies never;
    }
  }
  const states = [durableNames, ...pendingNames.map((one) => one.names)];
  const state = loss === 'killed' ? names : (states[random.whole(0, states.length - 1)] ?? names);
  return new Map([...state].map(([name, content]) => [name, content.left(loss, random)]));
}
