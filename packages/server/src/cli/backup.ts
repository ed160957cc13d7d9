import { request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import type { Settings } from '../config/schema.ts';
import { CommandError } from './error.ts';

/** Asks the coordinator that runs to copy its store, and prints where the copy is. */
export async function backUp({ host, port }: Pick<Settings['http'], 'host' | 'port'>): Promise<void> {
  const url = `http://${hostToAsk(host)}:${port}`;
  const { status, text } = await ask(url);
  if (status === 404) throw new CommandError(`what answers at ${url} knows no backup: is it this version of Holdfast?`);
  if (status !== 200) throw new CommandError(`${url} made no backup: ${messageOf(text)} (HTTP ${status})`);
  const { path, bytes } = backupOf(text, url);
  console.log(`${path} (${sizeOf(bytes)})`);
}

/** Without a time-out: a large store on a slow disk takes its time, and `fetch` would give up after five minutes. */
function ask(url: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/api/v1/backup`, { method: 'POST' }, (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), unanswered);
    });
    const unanswered = (cause: unknown) => {
      const advice =
        'The copy is made by the running coordinator: start it, or say where it listens with --http-host and ' +
        '--http-port, or -c. Where none runs, copy its data folder as a whole.';
      reject(new CommandError(`no coordinator answers at ${url} (${reasonOf(cause)}).\n${advice}`, { cause }));
    };
    asked.on('error', unanswered).end();
  });
}

function backupOf(text: string, url: string): { path: string; bytes: number } {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new CommandError(`${url} is no coordinator: its answer is not JSON`, { cause });
  }
  if (typeof answer === 'object' && answer !== null && 'path' in answer && 'bytes' in answer) {
    return { path: String(answer.path), bytes: Number(answer.bytes) };
  }
  throw new CommandError(`${url} is no coordinator: its answer names no path`);
}

function messageOf(text: string): string {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null && 'message' in answer) return String(answer.message);
  } catch {
    // Not JSON: shown as it is.
  }
  return text.slice(0, 200);
}

/** Whoever listens on all addresses is asked on loopback. */
function hostToAsk(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}

function sizeOf(bytes: number): string {
  const mib = 1024 * 1024;
  return bytes < mib ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / mib).toFixed(1)} MiB`;
}
