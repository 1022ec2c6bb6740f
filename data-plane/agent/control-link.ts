import { PlaneServiceClient, type Hello } from '../../proto';
import { Backoff } from '../../runtime/backoff';
import type { Clock, Timer } from '../../runtime/clock';
import type { ClusterConfig } from '../../runtime/config';
import { ControlPlaneRing, type ControlPlaneList } from '../../runtime/discovery';
import { Dialer } from '../../runtime/grpc';
import type { Logger } from '../../runtime/logger';
import type { Random } from '../../runtime/random';
import type { Telemetry } from '../../runtime/telemetry';
import type { Assignments } from '../assignments';
import type { TableState } from '../nodes';
import { AssignmentExchange } from './assignment-exchange';
import type { Replica } from './replica';
import { StatsReport, type StatsSource } from './stats-report';
import { Subscription } from './subscription';

export interface ControlLinkOptions {
  readonly cluster: ClusterConfig;
  /** Closed by whoever opened it. */
  readonly controlPlanes: ControlPlaneList;
  readonly hello: Omit<Hello, 'resumeFrom'>;
  readonly replica: Replica;
  readonly assignments: Assignments;
  readonly stats: StatsSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly onState: (state: TableState) => void;
}

/** The connection to one control plane of the list, for ever: on any end it waits with jitter and takes the next. */
export class ControlLink {
  readonly #options: ControlLinkOptions;
  readonly #backoff: Backoff;
  readonly #ring: ControlPlaneRing;
  readonly #dialer: Dialer;
  #client: PlaneServiceClient | undefined;
  #subscription: Subscription | undefined;
  #report: StatsReport | undefined;
  #exchange: AssignmentExchange | undefined;
  #retry: Timer | undefined;
  #resume = true;
  #connected = false;
  #closed = false;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ random: options.random });
    this.#dialer = new Dialer({ ...options, settings: options.cluster });
    this.#ring = new ControlPlaneRing({
      ...options,
      list: options.controlPlanes,
      check: (address) => this.#dialer.check(address),
    });
    this.#connect();
  }

  /** True from the first response of a control plane until its stream ends. */
  get connected(): boolean {
    return this.#connected;
  }

  /** The client of the moment, if connected. */
  get client(): PlaneServiceClient | undefined {
    return this.#connected ? this.#client : undefined;
  }

  /** Hands the last figures over, then closes. */
  async finish(): Promise<void> {
    this.#closed = true;
    await this.#report?.finish();
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#disconnect();
    this.#dialer.close();
  }

  #connect(): void {
    const { onState, ...shared } = this.#options;
    const target = this.#ring.current;
    const client = this.#dialer.client(PlaneServiceClient, target);
    this.#client = client;
    this.#subscription = new Subscription({
      ...shared,
      client,
      resume: this.#resume,
      onState: (state) => {
        this.#noteConnected(target);
        onState(state);
      },
      onEnd: (reason, resumable) => this.#lost(target, reason, resumable),
    });
  }

  #noteConnected(target: string): void {
    this.#resume = true;
    this.#backoff.reset();
    if (this.#connected || this.#client === undefined) return;
    this.#connected = true;
    this.#options.logger.info({ controlPlane: target }, 'connected to the control plane');
    this.#report = new StatsReport(this.#client, this.#options.stats);
    const { assignments, clock, logger, hello, stats } = this.#options;
    this.#exchange = new AssignmentExchange({
      client: this.#client,
      planeId: hello.planeId,
      assignments,
      clock,
      logger,
      taken: stats.counters.counter('assignments.taken'),
      reported: stats.counters.counter('assignments.reported'),
    });
  }

  #lost(target: string, reason: string, resumable: boolean): void {
    const wasConnected = this.#connected;
    this.#disconnect();
    if (this.#closed) return;
    this.#resume = resumable;
    const waitMs = this.#backoff.next();
    const facts = { controlPlane: target, reason, waitMs: Math.round(waitMs) };
    if (wasConnected) this.#options.logger.warn(facts, 'lost the control plane, going on with the last state');
    else this.#options.logger.debug(facts, 'no control plane yet');
    this.#ring.next();
    this.#retry = this.#options.clock.after(waitMs, () => this.#connect());
  }

  #disconnect(): void {
    this.#connected = false;
    this.#report?.close();
    this.#exchange?.close();
    this.#subscription?.close();
    this.#client?.close();
    this.#report = undefined;
    this.#exchange = undefined;
    this.#subscription = undefined;
    this.#client = undefined;
  }
}
