import { status } from '@grpc/grpc-js';
import { SpanStatusCode } from '@opentelemetry/api';
import {
  BindSessionRequest,
  DeregisterRequest,
  NodeState,
  fromMs,
  toMs,
  type KeepAliveResponse,
  type Load,
  type Node,
} from '../proto';
import { Backoff } from '../runtime/backoff';
import type { Clock, Timer } from '../runtime/clock';
import { messageOf } from '../runtime/errors';
import { fixedControlPlanes, type ControlPlaneList } from '../runtime/discovery';
import { callUnary, statusOf, type DialSettings } from '../runtime/grpc';
import type { Logger } from '../runtime/logger';
import type { Random } from '../runtime/random';
import type { Telemetry } from '../runtime/telemetry';
import { ControlPlanes } from './control-planes';
import { LeaseStream } from './lease-stream';

/** Its `DialSettings` say how control planes are reached: plain text, TLS, a token. */
export interface NodeAgentOptions extends DialSettings {
  /** Who the node is and where it listens; `incarnation` is random, one per process start. */
  readonly node: Node;
  /** gRPC addresses of the control planes, `host:port`; or what `discoverControlPlanes` follows, closed by whoever opened it. */
  readonly controlPlanes: readonly string[] | ControlPlaneList;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly random: Random;
  /** Asked at each heartbeat. */
  readonly load?: () => Load;
  /** Told of each change, so that an operator's drain reaches the node. */
  readonly onState?: (state: NodeState) => void;
  /** The control plane will never take this node as it is (a bad field, no rights). The agent goes on trying all the same. */
  readonly onRefused?: (reason: string) => void;
}

/** A node's membership in the cluster. */
export interface NodeAgent {
  /** What the control plane last said; UNSPECIFIED before the first answer. */
  readonly state: NodeState;
  /** True while a control plane answers the heartbeats. */
  readonly connected: boolean;
  /**
   * Pins affinity keys (values of the affinity header or query parameter) to this node for a time, ms; default one hour.
   * Rejects with a gRPC status while no control plane answers, and with NOT_FOUND before the first registration.
   */
  bindSessions(keys: readonly string[], ttlMs?: number): Promise<void>;
  /** Moves every session of one node to another, by their jvmRoutes, until the first registers anew. Rejects as bindSessions does. */
  switchover(fromJvmRoute: string, toJvmRoute: string): Promise<void>;
  /**
   * Gives the lease up and ends. With a time above zero (ms) the control plane keeps the node DRAINING until its sessions
   * end or the time is over; without, it is removed now. An unreachable control plane delays this by 2 s at most. Idempotent.
   */
  close(drainTimeoutMs?: number): Promise<void>;
}

const REGISTER_TIMEOUT_MS = 3000;
const DEREGISTER_TIMEOUT_MS = 2000;
const HOPELESS: ReadonlySet<status | undefined> = new Set([
  status.INVALID_ARGUMENT,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.UNIMPLEMENTED,
]);

/**
 * Registers a node and keeps it alive until closed. Never gives up: it goes round the control planes with back-off,
 * and registers again when its lease is not known any more. Throws INSECURE_REFUSED, TLS_MATERIAL and TOKEN_FILE at once.
 */
export function startNodeAgent(options: NodeAgentOptions): NodeAgent {
  const keeper = new LeaseKeeper(options);
  keeper.start();
  return keeper;
}

class LeaseKeeper implements NodeAgent {
  readonly #options: NodeAgentOptions;
  readonly #controlPlanes: ControlPlanes;
  readonly #backoff: Backoff;
  #state: NodeState = NodeState.UNSPECIFIED;
  #leaseId = '';
  #ttlMs = 6000;
  #intervalMs = 2000;
  #heardAtMs = 0;
  #stream: LeaseStream | undefined;
  #timer: Timer | undefined;
  #attempt: Promise<void> = Promise.resolve();
  /** So that a long outage is one line in the log and not one per try. */
  #reported = false;
  /** Whether the present lease was answered as known. */
  #proven = false;
  #closing: Promise<void> | undefined;

  constructor(options: NodeAgentOptions) {
    const { controlPlanes, random } = options;
    this.#options = options;
    const list = 'addresses' in controlPlanes ? controlPlanes : fixedControlPlanes(controlPlanes);
    this.#controlPlanes = new ControlPlanes({ ...options, list, dial: options });
    this.#backoff = new Backoff({ random });
  }

  get state(): NodeState {
    return this.#state;
  }

  get connected(): boolean {
    return this.#stream !== undefined && !this.#reported;
  }

  start(): void {
    this.#attempt = this.#connect();
  }

  close(drainTimeoutMs = 0): Promise<void> {
    this.#closing ??= this.#close(drainTimeoutMs);
    return this.#closing;
  }

  async bindSessions(keys: readonly string[], ttlMs?: number): Promise<void> {
    const { client } = this.#controlPlanes;
    const ttl = ttlMs === undefined ? undefined : fromMs(ttlMs);
    const request = BindSessionRequest.create({ leaseId: this.#leaseId, keys: [...keys], ttl });
    await callUnary(client, client.bindSession, request);
  }

  async switchover(fromJvmRoute: string, toJvmRoute: string): Promise<void> {
    const { client } = this.#controlPlanes;
    await callUnary(client, client.switchover, { leaseId: this.#leaseId, fromJvmRoute, toJvmRoute });
  }

  async #close(drainTimeoutMs: number): Promise<void> {
    this.#timer?.cancel();
    // A registration under way would grant a lease that nobody gives back.
    await this.#attempt;
    this.#stream?.close();
    if (this.#leaseId !== '') await this.#deregister(drainTimeoutMs);
    this.#controlPlanes.close();
  }

  async #deregister(drainTimeoutMs: number): Promise<void> {
    const { logger, node } = this.#options;
    const drainTimeout = drainTimeoutMs > 0 ? fromMs(drainTimeoutMs) : undefined;
    const { client } = this.#controlPlanes;
    try {
      await callUnary(client, client.deregister, DeregisterRequest.create({ leaseId: this.#leaseId, drainTimeout }), {
        timeoutMs: DEREGISTER_TIMEOUT_MS,
      });
      logger.info({ node: node.nodeId, drainTimeoutMs }, 'lease given up');
    } catch (error) {
      logger.warn({ node: node.nodeId, err: error }, 'lease not given up, it runs out by itself');
    }
  }

  /** Never rejects. */
  async #connect(): Promise<void> {
    try {
      if (this.#leaseId === '') await this.#register();
    } catch (error) {
      if (HOPELESS.has(statusOf(error))) this.#options.onRefused?.(refusalOf(error));
      this.#retry(messageOf(error));
      return;
    }
    if (this.#closing === undefined) this.#open();
  }

  async #register(): Promise<void> {
    const { node, telemetry, logger } = this.#options;
    const span = telemetry.tracer.startSpan('node.register', { attributes: { 'triplane.node.id': node.nodeId } });
    try {
      const { client } = this.#controlPlanes;
      const answer = await callUnary(client, client.register, { node }, { span, timeoutMs: REGISTER_TIMEOUT_MS });
      this.#leaseId = answer.leaseId;
      this.#proven = false;
      this.#ttlMs = toMs(answer.leaseTtl) || this.#ttlMs;
      this.#intervalMs = toMs(answer.heartbeatInterval) || this.#ttlMs / 3;
      const facts = { node: node.nodeId, controlPlane: this.#controlPlanes.address, ttlMs: this.#ttlMs };
      logger.info(facts, 'registered');
      this.#setState(answer.state);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
      throw error;
    } finally {
      span.end();
    }
  }

  #open(): void {
    this.#heardAtMs = this.#options.clock.now();
    this.#stream = new LeaseStream(this.#controlPlanes.client, {
      onAnswer: (answer) => this.#answered(answer),
      onBroken: (reason) => this.#retry(reason),
    });
    this.#beat();
  }

  #beat(): void {
    const { clock, random, load } = this.#options;
    // A frozen peer would be found by the channel's own pings only after the lease had ended.
    const silentMs = clock.now() - this.#heardAtMs;
    if (silentMs > (this.#ttlMs * 2) / 3) {
      this.#retry(`no answer for ${Math.round(silentMs)} ms`);
      return;
    }
    this.#stream?.send({ leaseId: this.#leaseId, load: load?.() });
    this.#timer = clock.after(this.#intervalMs * (0.9 + 0.2 * random()), () => this.#beat());
  }

  #answered(answer: KeepAliveResponse): void {
    if (answer.leaseId !== this.#leaseId) return;
    if (!answer.known) {
      this.#options.logger.info({ node: this.#options.node.nodeId }, 'lease not known any more, registering again');
      this.#leaseId = '';
      // At once after a restart; a control plane that forgets each lease meets a growing wait.
      if (this.#proven) this.#backoff.reset();
      this.#again();
      return;
    }
    this.#heardAtMs = this.#options.clock.now();
    this.#proven = true;
    this.#backoff.reset();
    if (this.#reported)
      this.#options.logger.info({ controlPlane: this.#controlPlanes.address }, 'heartbeats answered again');
    this.#reported = false;
    this.#setState(answer.state);
  }

  #retry(reason: string): void {
    const facts = { node: this.#options.node.nodeId, controlPlane: this.#controlPlanes.address, reason };
    if (this.#closing === undefined) {
      if (this.#reported) this.#options.logger.debug(facts, 'control plane still away');
      else this.#options.logger.warn(facts, 'control plane away, trying until one answers');
    }
    this.#reported = true;
    this.#controlPlanes.failed();
    this.#again();
  }

  /** Connects anew after a wait that spreads the nodes of a restarted control plane, yet lets each come back within its TTL. */
  #again(): void {
    this.#timer?.cancel();
    this.#stream?.close();
    this.#stream = undefined;
    if (this.#closing !== undefined) return;
    this.#timer = this.#options.clock.after(Math.min(this.#backoff.next(), this.#ttlMs / 3), () => this.start());
  }

  #setState(state: NodeState): void {
    if (state === this.#state) return;
    const { logger, node, onState } = this.#options;
    logger.info({ node: node.nodeId, from: this.#state, to: state }, 'node state');
    this.#state = state;
    onState?.(state);
  }
}

function refusalOf(error: unknown): string {
  return (error as { details?: string }).details ?? messageOf(error);
}
