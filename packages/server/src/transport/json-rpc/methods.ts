import type { Coordinator } from '../../engine/coordinator.ts';
import { branchMapOf, decodeBranch } from '../wire/branch.ts';
import { abortOf, prepareOf, submitOf, transactionFields } from '../wire/transaction.ts';
import { abortVerdict, submitVerdict, type Verdict } from '../wire/verdict.ts';

/** What a method answers: how it went, or a gid. */
export type Reply = Verdict | { readonly kind: 'gid'; readonly gid: string };

export type Methods = ReadonlyMap<string, (params: string) => Promise<Reply>>;

const success: Verdict = { kind: 'success' };

/** A gid is taken as it is, unlike over HTTP. */
export function rpcMethods(coordinator: Coordinator): Methods {
  return new Map<string, (params: string) => Promise<Reply>>([
    ['newGid', async () => ({ kind: 'gid', gid: coordinator.newGid() })],
    [
      'prepare',
      async (params) => {
        await coordinator.prepare(prepareOf(transactionFields(params, 'params'), params.length));
        return success;
      },
    ],
    [
      'submit',
      async (params) => {
        const asked = submitOf(transactionFields(params, 'params'), params.length);
        if ('end' in asked) {
          await coordinator.endWorkflow(asked.gid, asked.end);
          return success;
        }
        return submitVerdict(await coordinator.submit(asked, asked.options.waitResult));
      },
    ],
    [
      'abort',
      async (params) => {
        const { gid, type, reason } = abortOf(transactionFields(params, 'params'));
        return abortVerdict(await coordinator.abort(gid, type, reason));
      },
    ],
    [
      'registerBranch',
      async (params) => {
        const { gid, type, branches } = decodeBranch(branchMapOf(params, 'params'));
        await coordinator.registerBranch(gid, type, branches);
        return success;
      },
    ],
  ]);
}
