import type { Defaults } from '@holdfast/core';
import { type DestinationLimits, defaultDestinationLimits } from 'holdfast/caller/destinations/limits';
import type { EngineSettings } from 'holdfast/engine/engine-parts';
import type { Random } from '../kernel/random.ts';

/** dtm's defaults, with a shorter cap: a world must be able to wait for the longest back-off. */
const defaults: Defaults = {
  requestTimeoutMs: 3000,
  retryIntervalMs: 10_000,
  timeoutToFailMs: 35_000,
  backoffCapMs: 60_000,
  alertAfterErrors: 3,
};

/** Small limits, so that a small world meets them. */
export function engineSettings(random: Random): EngineSettings {
  return {
    defaults,
    journal: {
      batchRows: random.integer(1, 40),
      batchBytes: 1_000_000,
      softRows: 200,
      softBytes: 10_000_000,
      hardRows: 400,
      hardBytes: 20_000_000,
    },
    active: { maxActive: random.integer(60, 200), maxActiveBytes: 50_000_000, claimRows: random.integer(1, 30) },
    flushDelayMs: 100,
    retentionMs: 24 * 3600_000,
    workflowAnswers: { grpc: 4_000_000, http: 4_000_000 },
  };
}

export function destinationLimits(random: Random): DestinationLimits {
  return {
    ...defaultDestinationLimits,
    originInFlight: random.integer(2, 40),
    inFlight: random.integer(20, 100),
    originWaiting: random.integer(5, 200),
    calls: 400,
    breakerOpenMaxMs: 10_000,
    refusedMaxMs: 60_000,
  };
}
