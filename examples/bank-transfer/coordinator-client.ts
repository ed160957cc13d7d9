/** The few calls of the coordinator's API that a bank transfer needs, with nothing but fetch. */

export interface CoordinatorAnswer {
  readonly status: number;
  readonly message: string;
}

/** @throws Error where the answer is not 200 */
export async function callCoordinator(baseUrl: string, route: string, body: object): Promise<void> {
  const { status, message } = await askCoordinator(baseUrl, route, body);
  if (status !== 200) throw new Error(`${route} was answered ${status}: ${message}`);
}

export async function askCoordinator(baseUrl: string, route: string, body: object): Promise<CoordinatorAnswer> {
  const response = await fetch(`${baseUrl}/api/dtmsvr/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  return { status: response.status, message: text };
}

/** The status of a transaction as the coordinator has it on disk; undefined where it knows none of that gid. */
export async function statusOf(baseUrl: string, gid: string): Promise<string | undefined> {
  const response = await fetch(`${baseUrl}/api/dtmsvr/query?gid=${encodeURIComponent(gid)}`, {
    signal: AbortSignal.timeout(5000),
  });
  const { transaction } = (await response.json()) as { transaction: { status: string } | null };
  return transaction?.status;
}
