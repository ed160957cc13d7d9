import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Random } from '../random.ts';
import { Flow, type Verdict } from './flow.ts';
import { type Direction, type Message, type Protocol, splittersOf } from './messages.ts';
import { reset } from './reset.ts';
import type { Fault, Rule, RuleHandle } from './rules.ts';

export interface ProxyOptions {
  readonly protocol: Protocol;
  /** Of the server behind it, on the loopback address. */
  readonly port: number;
  /** For rules with a chance. */
  readonly seed?: number;
}

/**
 * The network between a coordinator and its database, for tests that break it: at chosen messages it holds, cuts, loses
 * or ends half of a connection. Without rules everything goes through.
 */
export class NetworkProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #options: ProxyOptions;
  readonly #random: Random;
  readonly #rules = new Set<RuleInForce>();
  readonly #connections = new Set<Connection>();
  #count = 0;
  #accepts: 'all' | 'none' | 'silence' = 'all';

  private constructor(server: Server, port: number, options: ProxyOptions) {
    this.#server = server;
    this.port = port;
    this.#options = options;
    this.#random = new Random(options.seed ?? 0);
    server.on('connection', (client) => this.#accept(client));
  }

  static async start(options: ProxyOptions): Promise<NetworkProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it listens on no port');
    return new NetworkProxy(server, address.port, options);
  }

  /** How many connections are open. */
  get open(): number {
    return this.#connections.size;
  }

  /** How many connections there have been. */
  get count(): number {
    return this.#count;
  }

  /** From now on; where several rules fit a message, the first one acts. */
  rule(rule: Rule): RuleHandle {
    const inForce = new RuleInForce(rule, () => this.#rules.delete(inForce));
    this.#rules.add(inForce);
    return inForce;
  }

  /** New connections are reset at once, or stay without an answer. */
  accept(whom: 'all' | 'none' | 'silence'): void {
    this.#accepts = whom;
  }

  /** Every open connection ends so, now. */
  breakAll(does: Exclude<Fault, { kind: 'hold' }>): void {
    for (const connection of this.#connections) connection.suffer(does, 'to-server');
  }

  /** Everything stands still, as if the node had been stopped. @returns what lets it go on */
  stall(): () => void {
    const held = [...this.#connections];
    const accepts = this.#accepts;
    this.#accepts = 'silence';
    for (const connection of held) connection.hold('connection', 'to-server');
    return () => {
      this.#accepts = accepts;
      for (const connection of held) connection.goOn();
    };
  }

  async stop(): Promise<void> {
    this.#accepts = 'none';
    for (const connection of this.#connections) connection.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    this.#count += 1;
    const number = this.#count;
    if (this.#accepts === 'none') {
      reset(client);
      return;
    }
    const server = connect({ port: this.#options.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const connection = new Connection(client, server, this.#options.protocol, (message, sent) =>
      this.#judge(connection, number, message, sent),
    );
    this.#connections.add(connection);
    connection.whenClosed(() => this.#connections.delete(connection));
    if (this.#accepts === 'silence') connection.suffer({ kind: 'drop', what: 'connection' }, 'to-server');
  }

  #judge(connection: Connection, number: number, message: Message, sent: (bytes: number) => void): Verdict {
    for (const rule of this.#rules) {
      if (!rule.fits(message, number, this.#random)) continue;
      const { afterBytes = 0, does } = rule.rule;
      sent(afterBytes === 'all' ? message.bytes.length : Math.min(afterBytes, message.bytes.length));
      rule.meet(connection);
      return connection.suffer(does, message.direction);
    }
    return 'goes';
  }
}

/** A rule, how often it was met, and whom it holds. */
class RuleInForce implements RuleHandle {
  readonly rule: Rule;
  readonly met: Promise<void>;
  readonly #ended: () => void;
  readonly #judged = new WeakSet<Message>();
  readonly #held = new Set<Connection>();
  #fitting = 0;
  #hits = 0;
  #meet: () => void = () => undefined;

  constructor(rule: Rule, ended: () => void) {
    this.rule = rule;
    this.#ended = ended;
    this.met = new Promise((resolve) => {
      this.#meet = resolve;
    });
  }

  get hits(): number {
    return this.#hits;
  }

  /** A message that was held and goes on is not met again. */
  fits(message: Message, connection: number, random: Random): boolean {
    if (this.#judged.has(message)) return false;
    const { at, nth, chance = 1 } = this.rule;
    if (at !== undefined && !at(message, connection)) return false;
    this.#judged.add(message);
    this.#fitting += 1;
    return (nth === undefined || nth === this.#fitting) && (chance >= 1 || random.chance(chance));
  }

  meet(connection: Connection): void {
    this.#hits += 1;
    this.#meet();
    const { does } = this.rule;
    if (does.kind !== 'hold') return;
    this.#held.add(connection);
    if (does.forMs !== undefined) setTimeout(() => connection.goOn(), does.forMs);
  }

  release(): void {
    this.#ended();
    for (const connection of this.#held) connection.goOn();
    this.#held.clear();
  }
}

/** A client's connection and the one to the server that belongs to it. */
class Connection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #flows: readonly Flow[];

  constructor(
    client: Socket,
    server: Socket,
    protocol: Protocol,
    judge: (message: Message, sent: (bytes: number) => void) => Verdict,
  ) {
    this.#client = client;
    this.#server = server;
    const splitters = splittersOf(protocol);
    this.#flows = [
      new Flow('to-server', client, server, splitters['to-server'], judge),
      new Flow('to-client', server, client, splitters['to-client'], judge),
    ];
  }

  whenClosed(closed: () => void): void {
    const look = () => this.#client.destroyed && this.#server.destroyed && closed();
    this.#client.once('close', look);
    this.#server.once('close', look);
  }

  hold(what: 'direction' | 'connection', direction: Direction): void {
    for (const flow of this.#of(what, direction)) flow.hold();
  }

  goOn(): void {
    for (const flow of this.#flows) flow.goOn();
  }

  suffer(does: Fault, direction: Direction): Verdict {
    switch (does.kind) {
      case 'hold':
        this.hold(does.what, direction);
        return 'held';
      case 'drop':
        for (const flow of this.#of(does.what, direction)) flow.lose();
        return 'lost';
      case 'cut':
        for (const socket of [this.#client, this.#server]) {
          if (does.how === 'rst') reset(socket);
          else socket.destroySoon();
        }
        return 'ended';
      case 'half-open':
        for (const flow of this.#flows) flow.lose();
        reset(does.told === 'client' ? this.#client : this.#server);
        return 'ended';
      default:
        return does satisfies never;
    }
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #of(what: 'direction' | 'connection', direction: Direction): readonly Flow[] {
    return what === 'connection' ? this.#flows : this.#flows.filter((flow) => flow.direction === direction);
  }
}
