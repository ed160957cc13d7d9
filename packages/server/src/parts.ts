import type { DestinationLimits } from './caller/destinations/limits.ts';
import type { Settings } from './config/schema.ts';
import type { EngineSettings } from './engine/engine-parts.ts';
import type { HttpSettings } from './transport/http/settings.ts';

/** The limits on calls out, as the settings have them. */
export function callLimitsOf({ destinations }: Settings): DestinationLimits {
  const { originSharePercent, reservePercent, longCallPercent, ...limits } = destinations;
  return {
    ...limits,
    originShare: originSharePercent / 100,
    reserveShare: reservePercent / 100,
    longCallShare: longCallPercent / 100,
  };
}

/** What the engine needs of the settings. */
export function engineSettingsOf(settings: Settings): EngineSettings {
  return {
    ...settings,
    defaults: { ...settings, alertAfterErrors: settings.alert.afterErrors },
    workflowAnswers: { grpc: settings.grpc.messageLimitBytes, http: settings.http.bodyLimitBytes },
  };
}

/** What the HTTP port needs of the settings. */
export function httpSettingsOf(settings: Settings): HttpSettings {
  return { ...settings.http, resetAfterMs: 3 * settings.timeoutToFailMs };
}
