import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** What a process did to the files of one folder, in the order of the system. */
export type Event =
  | { readonly kind: 'write'; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'cut'; readonly file: string; readonly size: number }
  | { readonly kind: 'make' | 'remove'; readonly file: string }
  | { readonly kind: 'rename'; readonly file: string; readonly to: string }
  /** Covers what came before `begin`, once it has ended, at its own place. */
  | { readonly kind: 'sync'; readonly file: string; readonly begin: number }
  | { readonly kind: 'sync-folder'; readonly begin: number }
  /** The process told somebody that these are durable. */
  | { readonly kind: 'acknowledged'; readonly gid: string };

export const tracedCalls =
  'openat,pwrite64,write,pwritev,writev,ftruncate,fallocate,fdatasync,fsync,rename,renameat,renameat2,unlink,unlinkat';

interface Call {
  readonly name: string;
  readonly args: string;
  readonly begin: number;
}

/** Reads what `strace -f -y -xx -e trace=...` wrote; what concerns no file of the folder is left out. */
export function readRecording(path: string, folder: string, acknowledgements: string): Event[] {
  const events: Event[] = [];
  const pending = new Map<string, Call>();
  for (const line of readFileSync(path, 'latin1').split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const unfinished = /^(\w+)\((.*) <unfinished \.\.\.>$/.exec(rest);
    if (unfinished !== null) {
      pending.set(thread, { name: unfinished[1] ?? '', args: unfinished[2] ?? '', begin: events.length });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)\) += (-?\d+)/.exec(rest);
    const whole = /^(\w+)\((.*)\) += (-?\d+)/.exec(rest);
    const call = resumed === null ? undefined : pending.get(thread);
    if (call !== undefined && resumed !== null) {
      pending.delete(thread);
      if (Number(resumed[2]) >= 0)
        add({ ...call, args: call.args + (resumed[1] ?? '') }, events, folder, acknowledgements);
    } else if (whole !== null && Number(whole[3]) >= 0) {
      const [, name = '', args = ''] = whole;
      add({ name, args, begin: events.length }, events, folder, acknowledgements);
    }
  }
  return events;
}

function add({ name, args, begin }: Call, events: Event[], folder: string, acknowledgements: string): void {
  const path = decode(/^\d+<([^>]*)>/.exec(args)?.[1] ?? '').toString();
  const texts = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g)].map(([, text = '', cut]) => {
    if (cut !== undefined) throw new Error(`a recorded text was cut: ${name}`);
    return decode(text);
  });
  const isInside = isData(path, folder);
  const file = basename(path);
  const last = Number(/, (\d+)$/.exec(args)?.[1]);
  const named = texts
    .map(String)
    .filter((text) => isData(text, folder))
    .map((text) => basename(text));
  const [first, second] = named;
  switch (name) {
    case 'pwrite64':
      if (isInside) events.push({ kind: 'write', file, at: last, bytes: texts[0] ?? Buffer.alloc(0) });
      return;
    case 'write':
      if (isInside) throw new Error(`a write without a place in ${file}`);
      if (path === acknowledgements) {
        for (const gid of String(texts[0]).trim().split('\n')) events.push({ kind: 'acknowledged', gid });
      }
      return;
    case 'ftruncate':
      if (isInside) events.push({ kind: 'cut', file, size: last });
      return;
    case 'fdatasync':
    case 'fsync':
      if (path === folder) events.push({ kind: 'sync-folder', begin });
      else if (isInside) events.push({ kind: 'sync', file, begin });
      return;
    case 'openat':
      if (first !== undefined && args.includes('O_CREAT')) events.push({ kind: 'make', file: first });
      if (first !== undefined && args.includes('O_TRUNC')) events.push({ kind: 'cut', file: first, size: 0 });
      return;
    case 'rename':
    case 'renameat':
    case 'renameat2':
      if (first !== undefined && second !== undefined) events.push({ kind: 'rename', file: first, to: second });
      return;
    case 'unlink':
    case 'unlinkat':
      if (first !== undefined) events.push({ kind: 'remove', file: first });
      return;
    default:
      if (isInside) throw new Error(`${name} of ${file} is not understood`);
  }
}

/** The lock holds no data; neither does the index of the WAL, which is not written but mapped. */
function isData(path: string, folder: string): boolean {
  return dirname(path) === folder && !/-shm$|\.lock/.test(basename(path));
}

function decode(text: string): Buffer {
  return text.includes('\\x') ? Buffer.from(text.replaceAll('\\x', ''), 'hex') : Buffer.from(text, 'latin1');
}
