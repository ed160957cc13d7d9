import type { Alerts as IsAlerts } from '../../remote/dialect.ts';
import { roughNumberAt, roughTextAt } from '../../remote/values.ts';
import type { AlertRequest, OwedAlert, TakenAlerts } from '../../store.ts';
import type { Connection } from '../connection.ts';

export class Alerts implements IsAlerts<Connection> {
  readonly #take: string;
  readonly #told: string;

  constructor(prefix: string) {
    this.#take = `call ${prefix}take_alerts_1(?, ?, ?, ?)`;
    this.#told = `call ${prefix}alert_told_1(?, ?)`;
  }

  async take(connection: Connection, request: AlertRequest): Promise<TakenAlerts> {
    const { nowMs, firstRetryMs, longestRetryMs, limit } = request;
    const values = [nowMs, firstRetryMs, longestRetryMs, limit];
    const [taken = [], [next = []] = []] = await connection.call(this.#take, values);
    return {
      taken: taken.map((row): OwedAlert => {
        const text = (index: number) => roughTextAt(row, index);
        return { gid: text(0), type: text(1), status: text(2), incident: text(3), againMs: roughNumberAt(row, 4) };
      }),
      nextMs: typeof next[0] === 'number' ? next[0] : undefined,
    };
  }

  async told(connection: Connection, { gid, againMs }: OwedAlert): Promise<void> {
    await connection.call(this.#told, [gid, againMs]);
  }
}
