import type { Coordinator } from '../../engine/coordinator.ts';
import { remarkParameter, subscriberUrl, topicParameter } from '../wire/topic.ts';
import { abortOf, prepareOf, submitOf, workflowOf } from '../wire/transaction.ts';
import { abortVerdict, submitVerdict, type Verdict } from '../wire/verdict.ts';
import { emptyReply, encodeGid, encodeProgresses } from './reply.ts';
import { branchOf, fieldsOf, topicOf } from './request.ts';
import type { dtmService } from './schema.ts';

/** What a method answers: a message, or how it went in the words that every transport has. */
export type Reply = Buffer | Exclude<Verdict, { kind: 'success' }>;

export type Handle = (message: Buffer) => Promise<Reply>;

export type Methods = Readonly<Record<keyof (typeof dtmService)['methods'], Handle>>;

/** dtm's gRPC API (docs/grpc-api.md). Each decodes before it first waits: the message is not kept. */
export function dtmMethods(coordinator: Coordinator): Methods {
  const { topics } = coordinator;
  return {
    NewGid: async () => encodeGid(coordinator.newGid()),
    Prepare: async (message) => {
      await coordinator.prepare(prepareOf(fieldsOf(message), message.length));
      return emptyReply;
    },
    Submit: async (message) => {
      const asked = submitOf(fieldsOf(message), message.length);
      if ('end' in asked) {
        await coordinator.endWorkflow(asked.gid, asked.end);
        return emptyReply;
      }
      return replyOf(submitVerdict(await coordinator.submit(asked, asked.options.waitResult)));
    },
    Abort: async (message) => {
      const { gid, type, reason } = abortOf(fieldsOf(message));
      return replyOf(abortVerdict(await coordinator.abort(gid, type, reason)));
    },
    RegisterBranch: async (message) => {
      const { gid, type, branches } = branchOf(message);
      await coordinator.registerBranch(gid, type, branches);
      return emptyReply;
    },
    PrepareWorkflow: async (message) =>
      encodeProgresses(await coordinator.prepareWorkflow(workflowOf(fieldsOf(message), message.length))),
    Subscribe: async (message) => {
      const asked = topicOf(message);
      await topics.subscribe(topicParameter(asked), { url: subscriberUrl(asked), remark: remarkParameter(asked) });
      return emptyReply;
    },
    Unsubscribe: async (message) => {
      const asked = topicOf(message);
      await topics.unsubscribe(topicParameter(asked), subscriberUrl(asked));
      return emptyReply;
    },
    DeleteTopic: async (message) => {
      await topics.delete(topicParameter(topicOf(message)));
      return emptyReply;
    },
  };
}

function replyOf(verdict: Verdict): Reply {
  return verdict.kind === 'success' ? emptyReply : verdict;
}
