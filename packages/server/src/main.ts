import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { HoldfastError } from '@holdfast/core';
import { BranchSender } from './caller/branch-sender.ts';
import { DestinationCaller } from './caller/destinations/destination-caller.ts';
import { Dialer } from './caller/dial/dialer.ts';
import type { GrpcSenderParts } from './caller/grpc/grpc-sender.ts';
import { HttpSender, type HttpSenderParts } from './caller/http/http-sender.ts';
import { readCertificates, watchCertificates } from './certificates.ts';
import { listenFailure, openFailure } from './cli/failures.ts';
import { greeting, staleness } from './cli/greeting.ts';
import type { Settings } from './config/schema.ts';
import { readVersion } from './config/version.ts';
import { type AnyStore, createStore } from './create-store.ts';
import { descriptorCaution } from './descriptors.ts';
import type { ManualDevelopment } from './dev/development.ts';
import { Engine } from './engine/engine.ts';
import { addressOf, GrpcDoor } from './grpc-door.ts';
import { lookupsOf, namingOf } from './naming.ts';
import { Alerts } from './observe/alerts.ts';
import { createLog, type Log, type LogSettings } from './observe/log.ts';
import { Metrics } from './observe/metrics.ts';
import { Observer } from './observe/observer.ts';
import { timedStore } from './observe/timed-store.ts';
import { postJson } from './observe/webhook.ts';
import { callLimitsOf, engineSettingsOf, httpSettingsOf } from './parts.ts';
import { systemRuntime } from './runtime.ts';
import type { BackupCapable, BackupFile, BackupRequest } from './store/capabilities.ts';
import { type Counts, type Store, StoreError } from './store/store.ts';
import { createHttpServer, type HttpServer } from './transport/http/server.ts';

export interface ServeOptions {
  /** Default: on stderr, as the settings say. */
  readonly log?: Log;
  /** The process must end now, with an error: nothing can be written or acknowledged any more. It was logged. */
  fatal(error: unknown): void;
  /** Lines for people: where it listens, on which store, what it resumes. */
  say(line: string): void;
  /** A store that takes the place of the one of the settings, not opened yet. */
  readonly store?: AnyStore;
  /** Time for transactions is moved by hand, and HTTP has the routes for it. */
  readonly development?: ManualDevelopment;
  /** Since when it counts how long the start took, as `performance.now()` counts: 0 is the start of the process. Default: now. */
  readonly startedMs?: number;
}

export interface Running {
  /** Where HTTP is served, such as `http://127.0.0.1:36789`; with the real port where the settings say 0. */
  readonly url: string;
  /** Where gRPC is served, such as `127.0.0.1:36790`; empty: it is not. */
  readonly grpcAddress: string;
  /**
   * Readiness fails and new transactions are refused; then nothing more is taken in, calls under way are waited for,
   * and all is closed. Idempotent.
   */
  stop(): Promise<void>;
}

/**
 * A coordinator, put together and started; it says so and resolves once it answers and drives.
 * @throws CommandError where the store cannot be opened or the port cannot be listened on; then nothing stays open
 */
export async function serve(settings: Settings, options: ServeOptions): Promise<Running> {
  const { startedMs = performance.now() } = options;
  const caution = descriptorCaution(settings);
  const version = readVersion();
  const log = options.log ?? createLog(logSettings(settings));
  const store = options.store ?? (await createStore(settings));
  try {
    const opened = await open(store, settings, options.development);
    const { counts, ...running } = await start(settings, store, opened, { ...options, log, version });
    const tookMs = performance.now() - startedMs;
    const restored = await store.restored?.();
    const nowMs = systemRuntime.wallMs();
    const cautions = [...(store.cautions?.() ?? []), ...(caution === undefined ? [] : [caution])];
    const place = store.place?.() ?? `in ${resolve(settings.dataDir)}`;
    const told = { version, store: `${store.name} ${place}`, ...running, counts, tookMs, restored, cautions, nowMs };
    for (const line of greeting(settings, told)) options.say(line);
    if (restored !== undefined) {
      log.warn('this store was restored from a backup', { ...restored, says: staleness(restored, nowMs) });
      await store.forgetRestored?.();
    }
    if (caution !== undefined) log.warn(caution);
    log.info('serving', { version, url: running.url, grpc: running.grpcAddress, store: store.name });
    return running;
  } catch (error) {
    await store.close();
    throw error instanceof StoreError ? openFailure(error, settings) : error;
  }
}

/** What is stored, at the time that it is for transactions; or what it waits for, where that may pass by itself. */
type Opened =
  | { readonly counts: Counts; readonly lack?: undefined }
  | { readonly counts?: undefined; readonly lack: StoreError };

async function open(store: Store, settings: Settings, development: ManualDevelopment | undefined): Promise<Opened> {
  try {
    await store.open();
    await development?.begin(store, systemRuntime.wallMs());
    return { counts: await store.counts((development?.runtime ?? systemRuntime).wallMs()) };
  } catch (cause) {
    if (!(cause instanceof StoreError && cause.code === 'full')) throw openFailure(cause, settings);
    await store.close();
    return { lack: cause };
  }
}

const reopenAfterMs = 1000;

/**
 * Without room even a start that only reads cannot be. It answers that it is not ready, and why, until there is: to end
 * would change nothing, and a supervisor gives up on what ends again and again.
 */
async function openOnceThereIsRoom(
  first: StoreError,
  { log, say }: Pick<StartParts, 'log' | 'say'>,
  engine: Engine,
  again: () => Promise<Opened>,
): Promise<Counts> {
  log.warn('the store cannot be opened yet: Holdfast tries again every second', {}, first);
  say(`holdfast: not ready: ${first.message}`);
  for (let lack = first; ; ) {
    engine.waits(lack.message);
    await new Promise<void>((resolved) => systemRuntime.setTimer(reopenAfterMs, resolved));
    const opened = await again();
    if (opened.counts !== undefined) {
      engine.waits(undefined);
      return opened.counts;
    }
    lack = opened.lack;
  }
}

/** For people where a person looks on, else for machines. */
export function logSettings({ log }: Settings): LogSettings {
  return { ...log, isReadable: process.stderr.isTTY === true };
}

interface StartParts extends Pick<ServeOptions, 'fatal' | 'say' | 'development'> {
  readonly version: string;
  readonly log: Log;
}

interface Started extends Running {
  /** What was stored. */
  readonly counts: Counts;
}

async function start(settings: Settings, store: AnyStore, opened: Opened, parts: StartParts): Promise<Started> {
  const { version, log, fatal, development } = parts;
  const runtime = development?.runtime ?? systemRuntime;
  const nodeName = settings.nodeName === '' ? `${hostname()}:${settings.http.port}` : settings.nodeName;
  const metrics = new Metrics({ version, coordinator: nodeName, ...settings.metrics });
  metrics.watchProcess();
  metrics.total('holdfast_log_lines_lost_total', 'Lines of the log that could not be written.', () => log.lostLines);
  const observer = new Observer({ metrics, log, fatal, alert: () => alerts?.owed() });
  metrics.level('holdfast_store_split', '1 while a host of the database takes writes that must not be used.', () =>
    observer.splitIncident === undefined ? 0 : 1,
  );
  metrics.level(
    'holdfast_stuck_transactions',
    'Transactions that this coordinator drives and cannot write for more than a second, each for the sake of its own row.',
    () => engine.stuckCount,
  );
  const certificates = readCertificates(settings);
  const watch = watchCertificates(certificates, settings, { events: observer, metrics });
  const shortage = (code: string) => observer.ranShort(code);
  const lookups = lookupsOf(settings, metrics, shortage);
  const trust = () => certificates.trust?.value;
  const dialer = new Dialer({ upkeep: systemRuntime, trust, hosts: lookups.hosts, shortage });
  const sender = senderOf({ runtime, upkeep: systemRuntime, dialer, limits: settings.calls, version }, metrics);
  const caller = new DestinationCaller({
    sender: development?.faulty(sender) ?? sender,
    runtime,
    limits: callLimitsOf(settings),
    events: observer,
  });
  const naming = namingOf(settings, lookups, caller, runtime, development && (() => development.waits()));
  const timed = timedStore(store, (...told) => metrics.storeOperated(...told));
  const engine = new Engine({
    store: development?.watched(timed) ?? timed,
    node: { name: nodeName, version },
    ...naming,
    destinations: caller,
    runtime,
    ...(development && { machine: development.machine }),
    settings: engineSettingsOf(settings),
    events: observer,
  });
  development?.steers(engine);
  // A clock moved by hand may stand still: nobody would be told again.
  const nowMs = () => (development === undefined ? engine.clock.nowMs() : systemRuntime.wallMs());
  // Alerts are sent on the machine's own time.
  const poster = new HttpSender({
    runtime: systemRuntime,
    upkeep: systemRuntime,
    dialer,
    limits: settings.calls,
    version,
  });
  const alerts = alertsOf(settings, { store: timed, sender: poster, nowMs, observer });
  const server = createHttpServer({
    coordinator: engine,
    settings: httpSettingsOf(settings),
    version,
    observer,
    ...(development && { development }),
    exposition: () => metrics.exposition(),
    shortage: () => observer.shortage,
    split: () => observer.splitIncident,
    ...(store.backup === undefined ? {} : { backup: (request) => backUp(store, request) }),
  });
  const grpc = settings.grpc.serve === 'on' ? new GrpcDoor(settings, certificates.grpc) : undefined;
  const end = async (graceMs: number) => {
    await Promise.all([server.close(graceMs), grpc?.close(graceMs), engine.stop(graceMs)]);
    alerts?.stop();
    watch.stop();
    // A call that outlived the grace holds its connection until its time-out; nobody waits for its answer any more.
    void sender.close();
    void poster.close();
  };
  try {
    // The ports first: who cannot be reached must not drive.
    const url = await listen(server, settings);
    const grpcAddress = (await grpc?.listen()) ?? '';
    // HTTP answers already: what gRPC needs takes a tenth of a second to load.
    const serveGrpc = once(async () => grpc?.serve({ coordinator: engine, observer, httpUrl: url }));
    if (opened.lack !== undefined) await serveGrpc();
    const counts =
      opened.lack === undefined
        ? opened.counts
        : await openOnceThereIsRoom(opened.lack, parts, engine, () => open(store, settings, development));
    store.watch?.({
      doubted: (reason) => engine.doubts(reason),
      lost: (error) => observer.fatal(error),
    });
    store.watchHosts?.({
      warned: (message) => observer.warned(message, undefined),
      split: (incident) => observer.split(incident),
    });
    for (const caution of store.cautions?.() ?? []) observer.warned(caution, undefined);
    await engine.start();
    alerts?.owed();
    await serveGrpc();
    metrics.watch({
      counts: (nowMs) => store.counts(nowMs),
      nowMs: () => engine.clock.nowMs(),
      clock: () => engine.clockState(),
      active: () => ({ count: engine.activeCount, bytes: engine.activeBytes }),
      destinations: () => caller.state(),
    });
    const stop = async () => {
      engine.refuseNew();
      await new Promise<void>((resolved) => systemRuntime.setTimer(settings.shutdown.drainMs, resolved));
      await end(settings.shutdown.graceMs);
      await store.close();
    };
    return { url, grpcAddress, counts, stop: once(stop) };
  } catch (error) {
    await end(0);
    throw error;
  }
}

/** gRPC is loaded at the first call that needs it. */
function senderOf(parts: HttpSenderParts & Pick<GrpcSenderParts, 'limits'>, metrics: Metrics): BranchSender {
  const http = new HttpSender(parts);
  metrics.level(
    'holdfast_answers_kept_bytes',
    'Memory for answers over HTTP of which the rest has not come yet.',
    () => http.reading.bytes,
  );
  metrics.level(
    'holdfast_answers_waiting',
    'Calls over HTTP whose answer waits until calls.readingBytes has room.',
    () => http.reading.waiting,
  );
  return new BranchSender({
    http,
    loadGrpc: async () => {
      const { GrpcSender } = await import('./caller/grpc/grpc-sender.ts');
      return new GrpcSender(parts);
    },
  });
}

interface AlertsSources {
  readonly store: Store;
  readonly sender: HttpSender;
  readonly observer: Observer;
  nowMs(): number;
}

function alertsOf({ alert }: Settings, { store, sender, nowMs, observer }: AlertsSources): Alerts | undefined {
  if (alert.webhookUrl === '') return undefined;
  return new Alerts({
    store,
    nowMs,
    runtime: systemRuntime,
    post: (body) => postJson(sender, alert.webhookUrl, body),
    tried: (...told) => observer.alerted(...told),
    failed: (error) => observer.warned('alerts cannot be read from the store or marked as told', error),
  });
}

/** What keeps the store from being copied, such as a full disk, is an answer and no defect. */
async function backUp(store: AnyStore, request: BackupRequest): Promise<BackupFile> {
  try {
    return await (store as BackupCapable).backup(request);
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    if (cause.code === 'bad-folder') {
      throw new HoldfastError('INVALID_INPUT', `to: ${cause.message}`, { field: 'to', cause });
    }
    throw new HoldfastError('UNAVAILABLE', `the store could not be copied: ${cause.message}`, { cause });
  }
}

async function listen(server: HttpServer, settings: Settings): Promise<string> {
  const { host, port } = await server.listen().catch((cause: unknown) => {
    throw listenFailure(cause, 'http', settings.http);
  });
  return `http://${addressOf(host, port)}`;
}

/** Whoever asks again gets the same promise. */
function once<Result>(action: () => Promise<Result>): () => Promise<Result> {
  let done: Promise<Result> | undefined;
  return () => {
    done ??= action();
    return done;
  };
}
