import type { Coordinator } from '../../engine/coordinator.ts';
import { remarkParameter, subscriberUrl, topicParameter } from '../wire/topic.ts';
import { abortOf, prepareOf, submitOf, workflowOf } from '../wire/transaction.ts';
import { abortVerdict, submitVerdict, type Verdict } from '../wire/verdict.ts';
import { emptyReply, encodeGid, encodeProgresses } from './reply.ts';
import { branchOf, fieldsOf, topicOf } from './request.ts';
import type { dtmService } from './schema.ts';

/** What a method answers: a message, or how it went in the words that every transport has. */
export type Reply = Buffer | Exclude<Verdict, { kind: 'success' }>;

/** @throws HoldfastError where the message says nothing that can be asked */
export type Handle = (message: Buffer) => Promise<Reply>;

export type Methods = Readonly<Record<keyof (typeof dtmService)['methods'], Handle>>;

/** dtm's gRPC API (docs/grpc-api.md). */
export function dtmMethods(coordinator: Coordinator): Methods {
  const { topics } = coordinator;
  return {
    NewGid: async () => encodeGid(coordinator.newGid()),
    Prepare: method(
      (message) => prepareOf(fieldsOf(message), message.length),
      async (asked) => {
        await coordinator.prepare(asked);
        return emptyReply;
      },
    ),
    Submit: method(
      (message) => submitOf(fieldsOf(message), message.length),
      async (asked) => {
        if ('end' in asked) {
          await coordinator.endWorkflow(asked.gid, asked.end);
          return emptyReply;
        }
        return replyOf(submitVerdict(await coordinator.submit(asked, asked.options.waitResult)));
      },
    ),
    Abort: method(
      (message) => abortOf(fieldsOf(message)),
      async ({ gid, type, reason }) => replyOf(abortVerdict(await coordinator.abort(gid, type, reason))),
    ),
    RegisterBranch: method(branchOf, async ({ gid, type, branches }) => {
      await coordinator.registerBranch(gid, type, branches);
      return emptyReply;
    }),
    PrepareWorkflow: method(
      (message) => workflowOf(fieldsOf(message), message.length),
      async (asked) => encodeProgresses(await coordinator.prepareWorkflow(asked)),
    ),
    Subscribe: method(topicOf, async (asked) => {
      await topics.subscribe(topicParameter(asked), { url: subscriberUrl(asked), remark: remarkParameter(asked) });
      return emptyReply;
    }),
    Unsubscribe: method(topicOf, async (asked) => {
      await topics.unsubscribe(topicParameter(asked), subscriberUrl(asked));
      return emptyReply;
    }),
    DeleteTopic: method(topicOf, async (asked) => {
      await topics.delete(topicParameter(asked));
      return emptyReply;
    }),
  };
}

/** Decoding and waiting are apart, since what waits would keep the message. */
function method<Asked>(decoded: (message: Buffer) => Asked, ask: (asked: Asked) => Promise<Reply>): Handle {
  return (message) => ask(decoded(message));
}

function replyOf(verdict: Verdict): Reply {
  return verdict.kind === 'success' ? emptyReply : verdict;
}
