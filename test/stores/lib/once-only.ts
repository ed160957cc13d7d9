import type { Answer } from '../../lib/http.ts';
import type { ClusterNode } from './cluster.ts';

type Kind = 'create' | 'update' | 'append' | 'topic';

const kinds: readonly Kind[] = ['create', 'update', 'append', 'topic'];

/** What one client asked once, and how it was answered; 0: not at all. */
interface Asked {
  readonly kind: Kind;
  readonly name: string;
  readonly status: number;
  readonly text: string;
}

const topic = 'held';

/** Clients that ask for each thing once, whatever the answer: so what was refused can be told from what was done later. */
export class OnceOnly {
  readonly #node: ClusterNode;
  readonly #serviceUrl: string;
  readonly #prefix: string;
  readonly #done: Asked[] = [];
  #clients: Promise<void>[] = [];
  #count = 0;
  #isStopping = false;

  constructor(node: ClusterNode, serviceUrl: string, prefix: string) {
    this.#node = node;
    this.#serviceUrl = serviceUrl;
    this.#prefix = prefix;
  }

  get asked(): number {
    return this.#done.length;
  }

  get said(): string {
    const statuses = [...new Set(this.#done.map(({ status }) => status))].sort();
    return statuses.map((status) => `${this.count(status)} asked once were answered ${status}`).join(', ');
  }

  count(status: number): number {
    return this.#done.filter((one) => one.status === status).length;
  }

  start(clients: number): void {
    this.#clients = Array.from({ length: clients }, () => this.#work());
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#clients);
  }

  /** What is otherwise than it was answered, in sentences. */
  async wrongAt(node: ClusterNode): Promise<string[]> {
    const wrong: string[] = [];
    const subscribers = await subscribersAt(node);
    for (const { kind, name, status, text } of this.#done) {
      if (![0, 200, 503].includes(status)) wrong.push(`${kind} ${name}: answered ${status} ${text}`);
      const count = await this.#countOf(node, kind, name, subscribers);
      const isFine = status === 200 ? count === 1 : status === 503 ? count === 0 : count <= 1;
      if (!isFine) wrong.push(`${kind} ${name}: answered ${status}, and is there ${count} times`);
    }
    return wrong;
  }

  async #work(): Promise<void> {
    while (!this.#isStopping) {
      const kind = kinds[this.#count % kinds.length] ?? 'create';
      this.#count += 1;
      const name = `${this.#prefix}${this.#count}`;
      if (kind === 'update' || kind === 'append') {
        const prepared = await this.#post('prepare', this.#tcc(name));
        if (prepared.status !== 200) continue;
      }
      const { status, text } = await this.#ask(kind, name);
      this.#done.push({ kind, name, status, text });
    }
  }

  #ask(kind: Kind, name: string): Promise<Answer> {
    switch (kind) {
      case 'create':
        return this.#post('submit', {
          gid: name,
          trans_type: 'saga',
          steps: [{ action: `${this.#serviceUrl}/action` }],
          payloads: [''],
        });
      case 'update':
        return this.#post('submit', this.#tcc(name));
      case 'append':
        return this.#post('registerBranch', {
          gid: name,
          trans_type: 'tcc',
          branch_id: '01',
          data: '',
          confirm: `${this.#serviceUrl}/confirm`,
          cancel: `${this.#serviceUrl}/cancel`,
        });
      case 'topic':
        return unanswered(
          this.#node.http.get(`/api/dtmsvr/subscribe?topic=${topic}&url=${encodeURIComponent(`http://h/${name}`)}`),
        );
      default:
        return kind satisfies never;
    }
  }

  /** Nothing happens to it by itself. */
  #tcc(gid: string): object {
    return { gid, trans_type: 'tcc', timeout_to_fail: 3600 };
  }

  #post(route: string, body: object): Promise<Answer> {
    return unanswered(this.#node.ask(route, body));
  }

  async #countOf(node: ClusterNode, kind: Kind, name: string, subscribers: readonly string[]): Promise<number> {
    if (kind === 'topic') return subscribers.filter((url) => url === `http://h/${name}`).length;
    const { transaction, branches } = (await node.read(`/api/dtmsvr/query?gid=${name}`)) as {
      readonly transaction: { readonly status: string } | null;
      readonly branches: readonly { readonly branch_id: string; readonly op: string }[];
    };
    switch (kind) {
      case 'create':
        return transaction === null ? 0 : 1;
      case 'update':
        return transaction?.status === 'prepared' ? 0 : 1;
      case 'append':
        return branches.filter(({ branch_id, op }) => branch_id === '01' && op === 'confirm').length;
      default:
        return kind satisfies never;
    }
  }
}

async function subscribersAt(node: ClusterNode): Promise<readonly string[]> {
  const { kv } = (await node.read(`/api/dtmsvr/queryKV?cat=topics&key=${topic}`)) as { kv: readonly { v: string }[] };
  const listed: readonly { readonly url: string }[] = JSON.parse(kv[0]?.v ?? '[]');
  return listed.map(({ url }) => url);
}

/** The connection broke: perhaps done, perhaps not. */
const unanswered = (asked: Promise<Answer>): Promise<Answer> =>
  asked.catch((error: Error) => ({ status: 0, text: error.message, retryAfter: undefined }));
