import type { Coordinator } from '../../engine/coordinator.ts';

/** A transaction as the coordinator shows it. */
export type ShownTransaction = Exclude<Awaited<ReturnType<Coordinator['query']>>, undefined>;
export type ShownPage = Awaited<ReturnType<Coordinator['list']>>;
export type AskedList = Parameters<Coordinator['list']>[0];
export type KeyValues = Awaited<ReturnType<Coordinator['listValues']>>;
export type ExplainedTransaction = Exclude<Awaited<ReturnType<Coordinator['explain']>>, undefined>;
/** A destination whose calls do not go out now. */
export type ExplainedHold = ExplainedTransaction['heldBack'][number];
/** An origin, with the calls that hold its places. */
export type ExplainedDestination = ReturnType<Coordinator['destinations']>[number];
export type ShownNode = ReturnType<Coordinator['nodes']>[number];
export type ExplainedPlace = ExplainedDestination['longest'][number];
export type RolledBackTransaction = Awaited<ReturnType<Coordinator['rollback']>>;
/** Where a transaction stands when a waiting client is answered. */
export type AnsweredStanding = Exclude<Awaited<ReturnType<Coordinator['submit']>>, undefined>;
