import {
  type BranchOperation,
  type Defaults,
  type Definition,
  noOptions,
  type Options,
  type Outcome,
  type Step,
} from '../index.ts';

/** The defaults of dtm. */
export const defaults: Defaults = {
  requestTimeoutMs: 3000,
  retryIntervalMs: 10_000,
  timeoutToFailMs: 35_000,
  backoffCapMs: 600_000,
  alertAfterErrors: 3,
};

export const createdMs = 1_000_000;

export interface Asked {
  readonly options?: Partial<Options>;
  readonly customData?: unknown;
  readonly queryPrepared?: string;
  /** Operations with an empty URL, as `01 action`. */
  readonly empty?: readonly string[];
}

const idOf = (step: number) => String(step + 1).padStart(2, '0');

function definition(type: Definition['type'], steps: readonly Step[], asked: Asked): Definition {
  return {
    gid: 'g1',
    type,
    protocol: 'http',
    steps,
    queryPrepared: asked.queryPrepared ?? '',
    options: { ...noOptions, ...asked.options },
    customData: asked.customData === undefined ? '' : JSON.stringify(asked.customData),
    createdMs,
  };
}

export function saga(steps: number, asked: Asked = {}): Definition {
  const url = (name: string) => (asked.empty?.includes(name) ? '' : `http://svc/${name.replace(' ', '/')}`);
  const all = Array.from({ length: steps }, (_, step) => ({
    branchId: idOf(step),
    action: url(`${idOf(step)} action`),
    compensate: url(`${idOf(step)} compensate`),
    payload: `{"step":${step}}`,
  }));
  return definition('saga', all, asked);
}

export function message(steps: number, asked: Asked = {}): Definition {
  const all = saga(steps, asked).steps.map((step) => ({ ...step, compensate: '' }));
  return definition('msg', all, { queryPrepared: 'http://svc/query', ...asked });
}

export function tcc(asked: Asked = {}): Definition {
  return definition('tcc', [], asked);
}

export function xa(asked: Asked = {}): Definition {
  return definition('xa', [], asked);
}

/** A workflow named `wf` with the input `in`. */
export function workflow(asked: Asked = {}): Definition {
  const customData = { name: 'wf', data: 'aW4=' };
  return definition('workflow', [], { queryPrepared: 'http://svc/callback', customData, ...asked });
}

/** The operations that registering these branches of an xa stores, in that order. */
export function registeredXa(...branchIds: readonly string[]): BranchOperation[] {
  return branchIds.flatMap((branchId) =>
    ['rollback', 'commit'].map((op) => ({ branchId, op, url: `http://svc/${branchId}`, payload: '' })),
  );
}

/** The operations that registering these branch ids stores, in that order. */
export function registered(...branchIds: readonly string[]): BranchOperation[] {
  return branchIds.flatMap((branchId) =>
    (['cancel', 'confirm'] as const).map((op) => ({ branchId, op, url: `http://svc/${branchId}/${op}`, payload: '' })),
  );
}

export const success: Outcome = { kind: 'success' };
export const ongoing: Outcome = { kind: 'ongoing', message: 'ONGOING' };
export const failure = (message = 'FAILURE'): Outcome => ({ kind: 'failure', message });
export const error = (retryAfterMs = 0): Outcome => ({ kind: 'error', message: 'HTTP 500: oops', retryAfterMs });
