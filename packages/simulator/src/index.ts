export { type PromiseName, promises, Violation } from './auditor/violation.ts';
export { live, type Outcome } from './world/world.ts';
