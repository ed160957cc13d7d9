import { type Host, nameOf } from './address.ts';
import { RemoteError } from './judged.ts';
import type { Session } from './pool.ts';

export interface ServersParts<S extends Session> {
  readonly hosts: readonly Host[];
  /** The name is resolved anew with each attempt. @throws RemoteError */
  readonly connect: (host: Host) => Promise<S>;
  /** Whether this server takes writes now. @throws RemoteError */
  readonly isWritable: (session: S) => Promise<boolean>;
  /** How long a server may take to say so. */
  readonly limitMs: number;
  /** Another host than before takes the writes: connections to the one before are to go. */
  readonly moved: () => void;
}

const firstPauseMs = 50;
const lastPauseMs = 1000;

/**
 * Which of several hosts takes the writes: the first that can, for all connections of this node, until it cannot any
 * more. While none can, attempts have pauses between them that grow; whoever asks in a pause is refused at once.
 */
export class Servers<S extends Session> {
  readonly #parts: ServersParts<S>;
  #chosen: Host | undefined;
  #pauseMs = 0;
  #notBeforeMs = 0;
  #refusal: RemoteError | undefined;

  constructor(parts: ServersParts<S>) {
    this.#parts = parts;
  }

  /** The host in use, for people. */
  get name(): string {
    return this.#chosen === undefined ? '' : nameOf(this.#chosen);
  }

  /** A connection to the host that takes writes. @throws RemoteError `unreached` */
  async connect(): Promise<S> {
    if (this.#refusal !== undefined && performance.now() < this.#notBeforeMs) throw this.#refusal;
    const failures: string[] = [];
    for (const host of this.#inOrder()) {
      const tried = await this.#tryHost(host);
      if (!(tried instanceof RemoteError)) return this.#choose(host, tried);
      failures.push(`${nameOf(host)}: ${tried.message}`);
    }
    this.#pauseMs = Math.min(lastPauseMs, Math.max(firstPauseMs, this.#pauseMs * 2));
    this.#notBeforeMs = performance.now() + this.#pauseMs;
    this.#refusal = new RemoteError('unreached', failures.join('; '));
    throw this.#refusal;
  }

  #inOrder(): readonly Host[] {
    const chosen = this.#chosen;
    return chosen === undefined ? this.#parts.hosts : [chosen, ...this.#parts.hosts.filter((host) => host !== chosen)];
  }

  async #tryHost(host: Host): Promise<S | RemoteError> {
    let session: S | undefined;
    try {
      session = await this.#parts.connect(host);
      if (await this.#isWritable(session)) return session;
      session.end();
      return new RemoteError('moved', 'it only reads');
    } catch (error) {
      session?.destroy();
      if (error instanceof RemoteError) return error;
      throw error;
    }
  }

  /** A server that accepts connections and then says nothing is none. */
  #isWritable(session: S): Promise<boolean> {
    const { isWritable, limitMs } = this.#parts;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new RemoteError('unreached', `it has not answered for ${limitMs} ms`)),
        limitMs,
      );
      isWritable(session)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
  }

  #choose(host: Host, session: S): S {
    const isOther = this.#chosen !== undefined && this.#chosen !== host;
    this.#chosen = host;
    this.#pauseMs = 0;
    this.#refusal = undefined;
    if (isOther) this.#parts.moved();
    return session;
  }
}
