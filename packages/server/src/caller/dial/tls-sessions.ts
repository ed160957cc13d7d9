import type { SecureContext } from 'node:tls';

/** A session is 1 to 3 KB. */
const mostSessions = 1000;

/** Sessions of TLS services, which make the next handshake short. They count as long as what was trusted then does. */
export class TlsSessions {
  #trusted: SecureContext | undefined;
  /** The one that is longest unchanged first. */
  readonly #sessions = new Map<string, Buffer>();

  /** @param context what is trusted now: sessions with those whom another one trusted are forgotten */
  get(key: string, context: SecureContext): Buffer | undefined {
    if (context !== this.#trusted) {
      this.#sessions.clear();
      this.#trusted = context;
    }
    return this.#sessions.get(key);
  }

  keep(key: string, context: SecureContext, session: Buffer): void {
    if (context !== this.#trusted) return;
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= mostSessions) break;
      this.#sessions.delete(oldest);
    }
  }

  forget(key: string): void {
    this.#sessions.delete(key);
  }
}
