import { request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import type { Settings } from '../config/schema.ts';
import { CommandError } from './error.ts';
import { plain } from './plain.ts';

export interface Address extends Pick<Settings['http'], 'host' | 'port'> {
  /** How long a request may take, from connecting to the last byte of the answer. Default 30 s. */
  readonly timeoutMs?: number;
}

export type Answer = Readonly<Record<string, unknown>>;

/** What the coordinator says when it is asked for its health. */
const healthPath = '/healthz';

const defaultTimeoutMs = 30_000;

export interface AskOptions {
  /**
   * The work may take longer than the time-out, as a backup does: it is waited for as long as the coordinator answers
   * other requests.
   */
  readonly isLong?: boolean;
}

/** Whoever listens on all addresses is asked on loopback. */
export function urlOf({ host, port }: Address): string {
  const asked = hostToAsk(host);
  return `http://${asked.includes(':') ? `[${asked}]` : asked}:${port}`;
}

function hostToAsk(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}

/**
 * Asks the coordinator that runs. Node's own HTTP client is used, because `fetch` refuses some ports and obeys proxies of
 * the environment.
 * @throws CommandError where nobody answers in time, or with something that is no JSON object
 */
export async function ask(
  address: Address,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: object,
  options: AskOptions = {},
): Promise<{ status: number; answer: Answer }> {
  const url = urlOf(address);
  const { status, text } = await send(address, method, path, body, options).catch((cause: unknown) => {
    throw unanswered(address, method, cause);
  });
  if (status === 404 && !text.startsWith('{')) {
    throw new CommandError(`the server at ${url} does not know ${path}. Is it a coordinator of this version?`);
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

/** The time of a request is over. */
class TimedOut extends Error {}

function unanswered(address: Address, method: string, cause: unknown): CommandError {
  const url = urlOf(address);
  if (cause instanceof TimedOut) {
    const done = method === 'GET' ? '' : '\nThe coordinator may have done it all the same: look with holdfast show.';
    return new CommandError(
      `the coordinator at ${url} did not answer within ${timeoutOf(address) / 1000} s.${done}
It may be overloaded or stopped, or another program listens there. Try again, or wait longer with --timeout.`,
      { cause },
    );
  }
  // Names of Node's parser: what came is no HTTP/1.1.
  if (cause instanceof Error && 'code' in cause && String(cause.code).startsWith('HPE_')) {
    return new CommandError(
      `what listens at ${url} does not answer in HTTP. Is that the port of gRPC? --http-port names that of HTTP.`,
      { cause },
    );
  }
  const advice = 'Start it with holdfast serve, or say where it listens with --http-host and --http-port, or -c.';
  return new CommandError(`no coordinator answers at ${url} (${reasonOf(cause)}).\n${advice}`, { cause });
}

function timeoutOf({ timeoutMs = defaultTimeoutMs }: Address): number {
  return timeoutMs;
}

function send(
  address: Address,
  method: string,
  path: string,
  body: object | undefined,
  { isLong = false }: AskOptions,
): Promise<{ status: number; text: string }> {
  const timeoutMs = timeoutOf(address);
  return new Promise((resolve, reject) => {
    // Not as a URL: in that the gids `.` and `..` would be steps on the path.
    const asked = request({ host: hostToAsk(address.host), port: address.port, method, path }, (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    const giveUp = () => void asked.destroy(new TimedOut());
    const overdue = () => {
      if (!isLong) giveUp();
      else
        send(address, 'GET', healthPath, undefined, {}).then(() => {
          if (!asked.destroyed) timer = setTimeout(overdue, timeoutMs);
        }, giveUp);
    };
    let timer = setTimeout(overdue, timeoutMs);
    asked.on('close', () => clearTimeout(timer));
    asked.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function objectOf(text: string, url: string): Answer {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null) return answer as Answer;
  } catch {
    // Told below, as for any other answer that is no object.
  }
  throw new CommandError(`the server at ${url} is not a coordinator: its answer is not a JSON object`);
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}
