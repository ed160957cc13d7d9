/**
 * The process that submits more than the coordinator can take, at fixed times, and whose services are called by it.
 * First it finds in a closed loop what the coordinator can take.
 */
import { randomUUID } from 'node:crypto';
import { cpuUs, serveCommands } from '../child.ts';
import { Generator } from '../load/generator.ts';
import { sagaBody, scattered, stepsOf } from '../load/kinds.ts';
import { BranchServices } from '../load/services.ts';
import { pick } from '../numbers.ts';
import { Latencies } from '../statistics.ts';
import { Arrivals } from './arrivals.ts';
import { type Answered, Connections } from './connections.ts';
import { SecondPhases } from './second-phases.ts';

const [answerDelayMs = '0'] = process.argv.slice(2);
const secondPhaseConnections = 300;
const idPrefix = randomUUID().slice(0, 8);

/** When those were to arrive that were submitted, not refused, and have not ended. */
const submittedMs = new Map<string, number>();
const accepted = new Latencies();
const ended = new Latencies();
const counts = {
  offered: 0,
  accepted: 0,
  refused: 0,
  withoutRetryAfter: 0,
  otherAnswers: 0,
  lost: 0,
  givenUp: 0,
  ended: 0,
};

const services = new BranchServices({
  answerDelayMs: Number(answerDelayMs),
  ended: (gid) => {
    const arrivedMs = submittedMs.get(gid);
    if (arrivedMs === undefined) return;
    submittedMs.delete(gid);
    counts.ended += 1;
    ended.add(performance.now() - arrivedMs);
  },
});
const servicesPort = await services.listen();
let closedLoop: Generator | undefined;
let connections: Connections | undefined;
let secondConnections: Connections | undefined;
let secondPhases: SecondPhases | undefined;

const retryAfter = /\r\nretry-after: *\d+/i;

function judge(gid: string, intendedMs: number, answer: Parameters<Answered>[0]): void {
  if (typeof answer === 'object' && answer.status === 200) {
    counts.accepted += 1;
    accepted.add(performance.now() - intendedMs);
    return;
  }
  submittedMs.delete(gid);
  if (answer === 'lost') counts.lost += 1;
  else if (answer === 'given-up') counts.givenUp += 1;
  else if (answer.status !== 429 && answer.status !== 503) counts.otherAnswers += 1;
  else {
    counts.refused += 1;
    if (!retryAfter.test(answer.head)) counts.withoutRetryAfter += 1;
  }
}

const arrivals = new Arrivals((intendedMs) => {
  counts.offered += 1;
  const gid = `${scattered(counts.offered)}${idPrefix}${counts.offered}`;
  submittedMs.set(gid, intendedMs);
  connections?.send('submit', sagaBody(gid, servicesPort, false, 0), (answer) => judge(gid, intendedMs, answer));
});
const secondArrivals = new Arrivals(() => secondPhases?.next());

serveCommands(
  {
    connect: async (input) => {
      const { coordinatorPort, count } = pick(input, ['coordinatorPort', 'count']);
      connections = new Connections(coordinatorPort);
      await connections.open(count);
      // Second phases come from another client, whose connections are not taken up by what is refused.
      secondConnections = new Connections(coordinatorPort);
      await secondConnections.open(secondPhaseConnections);
      secondPhases = new SecondPhases(secondConnections, servicesPort, idPrefix);
      return {};
    },
    startClosedLoop: (input) => {
      const { coordinatorPort, inFlight } = pick(input, ['coordinatorPort', 'inFlight']);
      closedLoop = new Generator({
        coordinatorPorts: [coordinatorPort],
        inFlight,
        servicesPort,
        steps: stepsOf('saga', servicesPort),
      });
      closedLoop.start();
      return {};
    },
    stopClosedLoop: async () => {
      await closedLoop?.stop();
      return {};
    },
    prepare: async (input) => {
      await secondPhases?.prepare(pick(input, ['count']).count);
      return {};
    },
    setRates: (input) => {
      const { sagas, second } = pick(input, ['sagas', 'second']);
      arrivals.setRate(sagas);
      secondArrivals.setRate(second);
      return {};
    },
    /** Counts are since the start, latencies since the last look. */
    look: () => {
      const acceptedMs = accepted.take();
      const endedMs = ended.take();
      return {
        ...counts,
        timeMs: performance.now(),
        closedLoop: closedLoop?.count ?? 0,
        cpuUs: cpuUs(),
        open: submittedMs.size,
        waiting: connections?.waiting ?? 0,
        secondAccepted: secondPhases?.accepted ?? 0,
        secondRefused: secondPhases?.refused ?? 0,
        acceptedP50Ms: acceptedMs.p50Ms,
        acceptedP99Ms: acceptedMs.p99Ms,
        endedP50Ms: endedMs.p50Ms,
        endedP99Ms: endedMs.p99Ms,
      };
    },
  },
  {},
);
