import type { AskedCall, BranchCall, CallResult, Cuttable, SendingCall, SentAnswer } from '../ports.ts';

/** A call that somebody asks for. For tests. */
export function askedCall(call: BranchCall, done: (result: CallResult) => void, mayGo = () => true): AskedCall {
  return { call, mayGo, done };
}

/** A call that is sent. For tests. */
export function sendingCall(call: BranchCall, ended: (answer: SentAnswer) => void, mayGo = () => true): SendingCall {
  return { call, mayGo, ended };
}

/** What cannot be cut, or is not to be in this test. */
export const uncut: Cuttable = { cut: () => undefined };
