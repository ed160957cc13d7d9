/** What a client sends for one transaction of each kind, and in which order. */

export const kinds = ['saga', 'tcc', 'msg'] as const;
export type Kind = (typeof kinds)[number];

/** Calls that services get for one transaction: of a TCC the client makes the first two itself. */
export const callsOf: Readonly<Record<Kind, number>> = { saga: 2, tcc: 4, msg: 2 };

/** Branches get a minute: where the machine stands still for a moment, that is measured and nothing is retried. */
export const patientSeconds = 60;

/** One request of a client. It sends the next one when this one was answered well. */
export interface Step {
  readonly to: 'coordinator' | 'services';
  /** The whole request, ready to be written. */
  readonly request: (gid: string) => string;
  /** Absent: only 200 with SUCCESS is a good answer. */
  readonly takes?: (head: string, body: string) => boolean;
}

/** @param servicesPort where both branches of every transaction are called */
export function stepsOf(kind: Kind, servicesPort: number): readonly Step[] {
  const services = `http://127.0.0.1:${servicesPort}`;
  switch (kind) {
    case 'saga':
      return [toCoordinator('submit', (gid) => sagaBody(gid, servicesPort, true, patientSeconds))];
    case 'msg':
      return [
        toCoordinator(
          'submit',
          (gid) =>
            `{"gid":"${gid}","trans_type":"msg",${waiting},"steps":[{"action":"${services}/out"},{"action":"${services}/in"}],${payloads}}`,
        ),
      ];
    case 'tcc':
      return [
        toCoordinator('prepare', (gid) => tccBody(gid, '')),
        ...['01', '02'].flatMap((branchId) => tccBranch(branchId, services)),
        toCoordinator('submit', (gid) => tccBody(gid, `,${waiting}`)),
      ];
    default:
      return kind satisfies never;
  }
}

/**
 * A submit without wait_result, answered when the saga is durable; then the same again with it, answered when the saga
 * is final, or refused because it is final already.
 */
export function stepsWithoutWait(servicesPort: number): readonly Step[] {
  const submit = (wait: boolean) => toCoordinator('submit', (gid) => sagaBody(gid, servicesPort, wait, patientSeconds));
  const takes = (head: string, body: string) => isSuccess(head, body) || isFinal(head, body);
  return [submit(false), { ...submit(true), takes }];
}

export function isSuccess(head: string, body: string): boolean {
  return head.startsWith('HTTP/1.1 200') && body.includes('SUCCESS');
}

/** @param timeoutSeconds of a branch call; 0: as the coordinator has it by default */
export function sagaBody(gid: string, servicesPort: number, wait: boolean, timeoutSeconds: number): string {
  const services = `http://127.0.0.1:${servicesPort}`;
  return (
    `{"gid":"${gid}","trans_type":"saga","wait_result":${wait},"request_timeout":${timeoutSeconds},"steps":[` +
    `{"action":"${services}/out","compensate":"${services}/outRevert"},` +
    `{"action":"${services}/in","compensate":"${services}/inRevert"}],${payloads}}`
  );
}

/** Different for every number below 2^32 and in no order, as gids are: an index of them is written all over. */
export function scattered(count: number): string {
  return (Math.imul(count, 2_654_435_761) >>> 0).toString(36).padStart(7, '0');
}

const payloads = `"payloads":["{\\"account\\":1,\\"amount\\":30}","{\\"account\\":2,\\"amount\\":30}"]`;
const waiting = `"wait_result":true,"request_timeout":${patientSeconds}`;

function isFinal(head: string, body: string): boolean {
  return head.startsWith('HTTP/1.1 409') && body.includes("'succeed'");
}

function tccBody(gid: string, options: string): string {
  return `{"gid":"${gid}","trans_type":"tcc","concurrent":false,"protocol":""${options}}`;
}

/** The client registers a branch, then calls its try. */
function tccBranch(branchId: string, services: string): Step[] {
  const data = `{"account":${Number(branchId)},"amount":30}`;
  const urls = `"cancel":"${services}/cancel","confirm":"${services}/confirm"`;
  return [
    toCoordinator(
      'registerBranch',
      (gid) =>
        `{"branch_id":"${branchId}",${urls},"data":"${data.replaceAll('"', '\\"')}","gid":"${gid}","trans_type":"tcc"}`,
    ),
    {
      to: 'services',
      request: (gid) => post(`/try?branch_id=${branchId}&gid=${gid}&op=try&trans_type=tcc`, data),
    },
  ];
}

function toCoordinator(route: string, body: (gid: string) => string): Step {
  const path = `/api/dtmsvr/${route}`;
  return { to: 'coordinator', request: (gid) => post(path, body(gid)) };
}

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
