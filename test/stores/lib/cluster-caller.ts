import { type Answer, HttpCaller } from '../../lib/http.ts';
import type { Random } from '../../lib/random.ts';
import type { ClusterNode } from './cluster.ts';

/** Clients that wait no longer than this for an answer, half of them. */
const impatientMs = 3000;

/** A node, and when somebody did something to it. */
export class DisturbedNode {
  readonly node: ClusterNode;
  readonly #troubles: { readonly fromMs: number; toMs: number }[] = [];
  readonly #patient: HttpCaller;
  readonly #impatient: HttpCaller;

  constructor(node: ClusterNode) {
    this.node = node;
    this.#patient = new HttpCaller(node.coordinator.url);
    this.#impatient = new HttpCaller(node.coordinator.url, impatientMs);
  }

  caller(isPatient: boolean): HttpCaller {
    return isPatient ? this.#patient : this.#impatient;
  }

  /** From now on, until what is returned is called, it need not serve. */
  disturb(): () => void {
    const trouble = { fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY };
    this.#troubles.push(trouble);
    return () => {
      trouble.toMs = performance.now();
    };
  }

  /** A request that began then has ended now: it was in trouble at some time of that. */
  wasInTrouble(sinceMs: number): boolean {
    return this.#troubles.some(({ toMs }) => toMs >= sinceMs);
  }

  close(): void {
    this.#patient.close();
    this.#impatient.close();
  }
}

interface Asked {
  readonly node: DisturbedNode;
  /** Failures that the trouble of a node explains, and the first of those that nothing explains. */
  readonly failures: number;
}

/** Clients of several coordinators: each request goes to one by chance, and once more to another where that one does not serve. */
export class ClusterCaller {
  readonly #nodes: readonly DisturbedNode[];
  readonly #random: Random;
  /** By request: who was asked last. */
  readonly #asked = new WeakMap<object, Asked>();
  /** Requests that no node served, of two that were asked, though the second was in no trouble. */
  readonly defects: string[] = [];
  /** Requests that another node served. */
  servedElsewhere = 0;
  /** Refused by a node that was in no trouble. */
  refusedInPeace = 0;

  constructor(nodes: readonly DisturbedNode[], random: Random) {
    this.#nodes = nodes;
    this.#random = random;
  }

  async post(path: string, body: object): Promise<Answer> {
    const before = this.#asked.get(body);
    const node = this.#choose(before?.node);
    const sinceMs = performance.now();
    const isPatient = 'wait_result' in body || this.#random.chance(0.5);
    try {
      const answer = await node.caller(isPatient).post(path, body);
      if (answer.status === 503 || answer.status === 429) this.#failed(path, body, node, sinceMs, answer.text);
      else if (before !== undefined) this.servedElsewhere += 1;
      return answer;
    } catch (error) {
      this.#failed(path, body, node, sinceMs, String(error));
      throw error;
    }
  }

  /** Asks one after the other until one answers. @throws Error of the last one */
  async get(path: string): Promise<Answer> {
    let node = this.#choose(undefined);
    for (let left = this.#nodes.length * 2; ; left -= 1) {
      try {
        const answer = await node.caller(false).get(path);
        if (answer.status !== 503 || left === 0) return answer;
      } catch (error) {
        if (left === 0) throw error;
      }
      node = this.#choose(node);
    }
  }

  #choose(last: DisturbedNode | undefined): DisturbedNode {
    const others = this.#nodes.filter((node) => node !== last);
    const node = others[this.#random.whole(0, others.length - 1)];
    if (node === undefined) throw new Error('there is no other node');
    return node;
  }

  #failed(path: string, body: object, node: DisturbedNode, sinceMs: number, why: string): void {
    const failures = this.#asked.get(body)?.failures ?? 0;
    const isExplained = node.wasInTrouble(sinceMs);
    if (!isExplained) this.refusedInPeace += 1;
    if (!isExplained && failures > 0) {
      const tookMs = Math.round(performance.now() - sinceMs);
      this.defects.push(`${path}: ${node.node.name} did not serve it after ${tookMs} ms, as another before: ${why}`);
    }
    this.#asked.set(body, { node, failures: failures + 1 });
  }
}
