import type { Coordinator } from '../../engine/coordinator.ts';
import { remarkParameter, subscriberUrl, topicParameter } from '../wire/topic.ts';
import { abortOf, prepareOf, submitOf, workflowOf } from '../wire/transaction.ts';
import type { Noted } from '../wire/unknown.ts';
import { abortVerdict, submitVerdict, type Verdict } from '../wire/verdict.ts';
import { emptyReply, encodeGid, encodeProgresses } from './reply.ts';
import { branchOf, fieldsOf, topicOf } from './request.ts';
import type { dtmService } from './schema.ts';

/** What a method answers: a message, or how it went in the words that every transport has. */
export type Reply = Buffer | Exclude<Verdict, { kind: 'success' }>;

/** @throws HoldfastError where the message says nothing that can be asked */
export type Handle = (message: Buffer) => Promise<Reply>;

export type Methods = Readonly<Record<keyof (typeof dtmService)['methods'], Handle>>;

/**
 * dtm's gRPC API (docs/grpc-api.md).
 * @param noted told of fields that mean nothing: protobuf has no names for those it does not know, but the JSON of the
 *   steps and the map of a branch have
 */
export function dtmMethods(coordinator: Coordinator, noted: (api: string, asked: Noted) => void): Methods {
  const { topics } = coordinator;
  return {
    NewGid: async () => encodeGid(coordinator.newGid()),
    Prepare: method(
      (message) => prepareOf(fieldsOf(message), message.length),
      async (asked) => {
        await coordinator.prepare(asked);
        noted('prepare', asked);
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
        const standing = await coordinator.submit(asked, asked.options.waitResult);
        noted('submit', asked);
        return replyOf(submitVerdict(standing));
      },
    ),
    Abort: method(
      (message) => abortOf(fieldsOf(message)),
      async ({ gid, type, reason }) => replyOf(abortVerdict(await coordinator.abort(gid, type, reason))),
    ),
    RegisterBranch: method(branchOf, async (asked) => {
      await coordinator.registerBranch(asked.gid, asked.type, asked.branches);
      noted('registerbranch', asked);
      return emptyReply;
    }),
    PrepareWorkflow: method(
      (message) => workflowOf(fieldsOf(message), message.length),
      async (asked) => {
        const shown = await coordinator.prepareWorkflow(asked);
        noted('prepareworkflow', asked);
        return encodeProgresses(shown);
      },
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
