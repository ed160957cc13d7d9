import type { Direction, Message } from './messages.ts';

/** What the network does, and when. */
export interface Rule {
  /** The messages it is about. Default: all, of both directions. */
  readonly at?: (message: Message, connection: number) => boolean;
  /** The first, second, ... message of those, counted from 1 over all connections. Default: each of them. */
  readonly nth?: number;
  /** How likely each of them is met, by the seed of the proxy. Default: 1. */
  readonly chance?: number;
  /** So many bytes of the message still go. Default: none; `all`: it goes whole, and what follows is met. */
  readonly afterBytes?: number | 'all';
  readonly does: Fault;
}

export type Fault =
  /** The message, and what comes after it, waits: for so long, or until the rule is released. */
  | { readonly kind: 'hold'; readonly what: 'direction' | 'connection'; readonly forMs?: number }
  /** Both ends see the connection end, in order or by a reset. */
  | { readonly kind: 'cut'; readonly how: 'fin' | 'rst' }
  /** What goes that way is lost from here on, and nobody is told. */
  | { readonly kind: 'drop'; readonly what: 'direction' | 'connection' }
  /** One end sees a reset; the other one waits for ever. */
  | { readonly kind: 'half-open'; readonly told: 'client' | 'server' };

/** A rule in force. */
export interface RuleHandle {
  /** How often it was met. */
  readonly hits: number;
  /** Resolves when it is met for the first time. */
  readonly met: Promise<void>;
  /** What it holds goes on, and it is met no more. */
  release(): void;
}

export const to = (direction: Direction) => (message: Message) => message.direction === direction;

/** A message to the server that holds this text, whatever its case. */
export const saying = (text: string) => (message: Message) =>
  message.direction === 'to-server' && message.bytes.toString('latin1').toLowerCase().includes(text.toLowerCase());

/** A message to the server of one of these kinds. */
export const asking =
  (...kinds: readonly string[]) =>
  (message: Message) =>
    message.direction === 'to-server' && kinds.includes(message.kind);
