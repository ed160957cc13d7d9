export { apply } from './apply.ts';
export { cutReason, shorten } from './attempts.ts';
export { createTransaction, restoreTransaction } from './create.ts';
export { decide } from './decide.ts';
export * from './decision.ts';
export { warningAbout } from './dtm-result.ts';
export * from './error.ts';
export * from './explain.ts';
export * from './fact.ts';
export { fitProgress } from './fit.ts';
export * from './foresee.ts';
export { failingPrefixes, type IncidentKind, incidentKind } from './incident.ts';
export { isDeeperThan, isWiderThan, type JsonSize, membersOf } from './json-text.ts';
export { type Judge, judgeOf } from './judge.ts';
export { moveAsked, withMoveAsked } from './move-asked.ts';
export { isLegalMove, isStoppable } from './moves.ts';
export { meant, nearestName } from './nearest-name.ts';
export { actionOf, compensateOf, operationAt, operationCount, operationsOf, stateOf } from './operation.ts';
export { doNotWaitMs, type InFlight, isCutOff, untoldOperations } from './operator.ts';
export {
  failureText,
  grpcCodeOf,
  isGrpcUnavailable,
  judgeGrpc,
  judgeHttp,
  judgeJsonRpc,
  parseRetryAfter,
} from './outcome.ts';
export { planOf } from './plan.ts';
export { memorable, Recent } from './recent.ts';
export * from './request.ts';
export { cutCalls, emptyRun } from './run.ts';
export * from './service-name.ts';
export { shownUrl, withoutUserinfo } from './shown-url.ts';
export * from './target.ts';
export { expandTopics, topicOf, topicsOf } from './topic.ts';
export * from './transaction.ts';
export { wasAlive } from './workflow.ts';
export { branchesLeftPrepared } from './xa.ts';
