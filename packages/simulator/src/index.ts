export { type PromiseName, promises, Violation } from './auditor/violation.ts';
export { type Mutant, mutants } from './mutants/catalogue.ts';
export { type LifeOptions, type Live, live, type Outcome } from './world/world.ts';
