import { request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import type { Settings } from '../config/schema.ts';
import { CommandError } from './error.ts';
import { plain } from './plain.ts';

export type Address = Pick<Settings['http'], 'host' | 'port'>;
export type Answer = Readonly<Record<string, unknown>>;

/** Whoever listens on all addresses is asked on loopback. */
export function urlOf({ host, port }: Address): string {
  const asked = hostToAsk(host);
  return `http://${asked.includes(':') ? `[${asked}]` : asked}:${port}`;
}

function hostToAsk(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}

/** How long a coordinator may be silent before it counts as one that does not answer. */
const silentMs = 30_000;

/**
 * Asks the coordinator that runs.
 * @param mostSilentMs 0: what takes long takes long
 * @throws CommandError where nobody answers, or with something that is no JSON object
 */
export async function ask(
  address: Address,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: object,
  mostSilentMs: number = silentMs,
): Promise<{ status: number; answer: Answer }> {
  const url = urlOf(address);
  const { status, text } = await send(address, method, path, body, mostSilentMs);
  if (status === 404 && !text.startsWith('{')) {
    throw new CommandError(`what answers at ${url} does not know ${path}: is it this version of Holdfast?`);
  }
  return { status, answer: objectOf(text, url) };
}

/** As `ask`. @throws CommandError also where the coordinator refuses, with its words */
export async function askFor(...asked: Parameters<typeof ask>): Promise<Answer> {
  const { status, answer } = await ask(...asked);
  if (status === 200) return answer;
  throw new CommandError(
    `${urlOf(asked[0])} refused: ${plain(String(answer['message'] ?? 'without a reason'))} (HTTP ${status})`,
  );
}

function send(
  address: Address,
  method: string,
  path: string,
  body: object | undefined,
  mostSilentMs: number,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const unanswered = (cause: unknown) => {
      const advice = 'Start it with holdfast serve, or say where it listens with --http-host and --http-port, or -c.';
      reject(
        new CommandError(`no coordinator answers at ${urlOf(address)} (${reasonOf(cause)}).\n${advice}`, { cause }),
      );
    };
    // Not as a URL: in that the gids `.` and `..` would be steps on the path.
    const { port } = address;
    const asked = request({ host: hostToAsk(address.host), port, method, path, timeout: mostSilentMs }, (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), unanswered);
    });
    asked.on('timeout', () => asked.destroy(new Error(`silent for ${mostSilentMs / 1000} s`)));
    asked.on('error', unanswered).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function objectOf(text: string, url: string): Answer {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null) return answer as Answer;
  } catch {
    // Told below, as for any other answer that is no object.
  }
  throw new CommandError(`${url} is no coordinator: its answer is no JSON object`);
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}
