import { Gate } from '../../engine/gate.ts';
import { refusedAnswer, rpcRoute } from '../json-rpc/route.ts';
import type { Transport } from '../observer.ts';
import { type Noted, warningOf } from '../wire/unknown.ts';
import { type Answer, errorAnswer } from './answer.ts';
import type { Intake } from './intake.ts';
import type { HttpParts } from './parts.ts';
import { devRoutes } from './routes/dev-routes.ts';
import { dtmRoutes } from './routes/dtm-routes.ts';
import { processRoutes } from './routes/process-routes.ts';
import { v1Routes } from './routes/v1-routes.ts';
import type { Served } from './served.ts';

/** Every route there is. */
export function allRoutes(parts: HttpParts, intake: Intake): readonly Served[] {
  const { coordinator, settings, observer, development } = parts;
  const reads = new Gate({ atOnce: settings.readsAtOnce, waiting: settings.readsWaiting }, setImmediate);
  const noted = (transport: Transport, api: string, asked: Noted, answer: Answer) =>
    withWarning(parts, transport, api, asked, answer);
  const routes = [
    ...below('/api/dtmsvr', dtmRoutes({ ...parts, noted: (...given) => noted('http', ...given) })),
    ...below(
      '/api/v1',
      v1Routes(coordinator, settings, () => parts.split?.()),
    ),
    ...below('/api/dev', development === undefined ? [] : devRoutes(development)),
  ];
  const path = '/api/json-rpc';
  const rpc = rpcRoute({ coordinator, observer, noted: (...given) => noted('json-rpc', ...given) });
  return [
    ...routes.map(({ method, name, path, isRead, isLarge, handle, refuse = errorAnswer }): Served => {
      const hasBudget = isRead === true || isLarge === true;
      const bounded = hasBudget ? underBudget(intake, handle) : handle;
      return {
        path,
        methods: [method],
        handle: isRead === true ? (...asked) => reads.pass(() => bounded(...asked)) : bounded,
        refuse,
        hasBudget,
        observe: observer.route('http', name.replace(/\/.*/, '').toLowerCase()),
      };
    }),
    { path, methods: ['POST'], handle: rpc, refuse: refusedAnswer },
    ...processRoutes(parts).map((route): Served => ({ ...route, refuse: errorAnswer, isAtOnce: true })),
  ];
}

function below<Route extends { readonly name: string }>(prefix: string, routes: readonly Route[]) {
  return routes.map((route) => ({ ...route, path: `${prefix}/${route.name}` }));
}

/** Who develops sees it in the answer too; to others answers stay as dtm's. */
function withWarning(
  { observer, development }: HttpParts,
  transport: Transport,
  api: string,
  { unknownFields }: Noted,
  answer: Answer,
): Answer {
  if (unknownFields === undefined) return answer;
  observer.unknownFields(transport, api, unknownFields);
  return development === undefined ? answer : { ...answer, warning: warningOf(unknownFields) };
}

function underBudget({ unsent }: Intake, handle: Served['handle']): Served['handle'] {
  return async (...asked) => {
    if (unsent.isFull) throw unsent.tooMany();
    return handle(...asked);
  };
}
