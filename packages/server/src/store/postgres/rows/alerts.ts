import { damaged } from '../../codec.ts';
import type { Alerts as IsAlerts } from '../../remote/dialect.ts';
import type { AlertRequest, OwedAlert, TakenAlerts } from '../../store.ts';
import type { Connection } from '../connection.ts';

export class Alerts implements IsAlerts<Connection> {
  readonly #take: string;
  readonly #told: string;

  constructor(schema: string) {
    this.#take = `call ${schema}.take_alerts_1($1, $2, $3, $4, null, null)`;
    this.#told = `call ${schema}.alert_told_1($1, $2, null)`;
  }

  async take(connection: Connection, request: AlertRequest): Promise<TakenAlerts> {
    const { nowMs, firstRetryMs, longestRetryMs, limit } = request;
    const [row = []] = await connection.query(this.#take, [nowMs, firstRetryMs, longestRetryMs, limit]);
    const taken: unknown = JSON.parse(String(row[0]));
    return {
      taken: Array.isArray(taken) ? taken.map(toAlert) : [],
      nextMs: typeof row[1] === 'number' ? row[1] : undefined,
    };
  }

  async told(connection: Connection, { gid, againMs }: OwedAlert): Promise<void> {
    await connection.query(this.#told, [gid, againMs]);
  }
}

function toAlert(value: unknown): OwedAlert {
  if (!Array.isArray(value) || typeof value[4] !== 'number') throw damaged('alert', 'it is not what belongs there');
  const [gid, type, status, incident] = value.map(String);
  return { gid: gid ?? '', type: type ?? '', status: status ?? '', incident: incident ?? '', againMs: value[4] };
}
