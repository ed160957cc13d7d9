import type { Coordinator } from '../../engine/coordinator.ts';
import type { RequestObserver } from '../observer.ts';
import type { Development } from './routes/dev-routes.ts';
import type { ProcessParts } from './routes/process-routes.ts';
import type { HttpSettings } from './settings.ts';

export interface HttpParts extends ProcessParts {
  readonly coordinator: Coordinator;
  readonly settings: HttpSettings;
  readonly observer: RequestObserver;
  /** Only where time is moved by hand: without it there is no route of development. */
  readonly development?: Development;
}
