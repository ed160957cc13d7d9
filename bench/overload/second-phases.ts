import type { Answered, Connections } from './connections.ts';

/**
 * TCCs that were prepared while there was room. Their second phase (one more branch, and the submit) comes under
 * overload, and must not be refused.
 */
export class SecondPhases {
  readonly #connections: Connections;
  readonly #servicesPort: number;
  readonly #idPrefix: string;
  readonly #prepared: string[] = [];
  #count = 0;
  #accepted = 0;
  #refused = 0;

  constructor(connections: Connections, servicesPort: number, idPrefix: string) {
    this.#connections = connections;
    this.#servicesPort = servicesPort;
    this.#idPrefix = idPrefix;
  }

  get accepted(): number {
    return this.#accepted;
  }

  get refused(): number {
    return this.#refused;
  }

  async prepare(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      this.#count += 1;
      const gid = `${this.#idPrefix}tcc${this.#count}`;
      await this.#must('prepare', `{"gid":"${gid}","trans_type":"tcc","timeout_to_fail":600}`);
      await this.#must('registerBranch', this.#branch(gid, '01'));
      this.#prepared.push(gid);
    }
  }

  /** Of one that is prepared, if any is left. */
  next(): void {
    const gid = this.#prepared.pop();
    if (gid === undefined) return;
    this.#counted('registerBranch', this.#branch(gid, '02'), () =>
      this.#counted('submit', `{"gid":"${gid}","trans_type":"tcc"}`, () => undefined),
    );
  }

  #counted(path: string, body: string, then: () => void): void {
    this.#connections.send(path, body, (answer) => {
      if (typeof answer === 'object' && answer.status === 200) {
        this.#accepted += 1;
        then();
      } else this.#refused += 1;
    });
  }

  async #must(path: string, body: string): Promise<void> {
    const answer = await new Promise<Parameters<Answered>[0]>((resolve) => this.#connections.send(path, body, resolve));
    if (typeof answer !== 'object' || answer.status !== 200) {
      throw new Error(`${path} without load was answered ${typeof answer === 'object' ? answer.status : 'not at all'}`);
    }
  }

  #branch(gid: string, branchId: string): string {
    const services = `http://127.0.0.1:${this.#servicesPort}`;
    return (
      `{"gid":"${gid}","trans_type":"tcc","branch_id":"${branchId}","data":"{}",` +
      `"confirm":"${services}/confirm","cancel":"${services}/cancel"}`
    );
  }
}
