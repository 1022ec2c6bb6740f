import { fork } from 'node:child_process';
import type { Clock } from '../../runtime/clock';
import type { Config } from '../../runtime/config';
import type { Logger } from '../../runtime/logger';
import type { Random } from '../../runtime/random';
import { Supervised } from '../../runtime/supervision';
import { SERVICES, mainOf, type ServiceName } from './service-list';

export interface TopologyOptions {
  readonly config: Config;
  /** `--config` and `--set` for every service. */
  readonly args: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** An operator stopped a service by its page: it closes in `delayMs`. */
  readonly onStopping?: (service: ServiceName, delayMs: number) => void;
}

/** Listener to `host:port`. */
export type Addresses = Readonly<Record<string, string>>;

const START_LIMIT_MS = 30_000;
const CLOSE_LIMIT_MS = 15_000;

/** One control plane and three planes, each a process of its own. */
export class Topology {
  readonly #config: Config;
  readonly #control: Supervised;
  readonly #planes: readonly Supervised[];
  /** Of the control plane's first start. */
  #known: Addresses = {};

  constructor(options: TopologyOptions) {
    this.#config = options.config;
    const supervise = (service: ServiceName): Supervised =>
      new Supervised({
        ...options,
        name: service,
        // A process group of its own: Ctrl-C in a terminal is for us alone, who close the services in order.
        launch: () =>
          fork(mainOf(service), [...options.args, ...this.#pinned()], {
            stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
            detached: true,
          }),
        onStopping: (delayMs) => options.onStopping?.(service, delayMs),
        startLimitMs: START_LIMIT_MS,
      });
    const [control, ...planes] = SERVICES;
    this.#control = supervise(control);
    this.#planes = planes.map(supervise);
  }

  /** Resolves when all are ready. Rejects when one could not start; the others are ended by `close()`. */
  async start(): Promise<void> {
    await this.#control.start();
    this.#known = this.#control.addresses;
    await Promise.all(this.#planes.map((plane) => plane.start()));
  }

  addressesOf(service: ServiceName): Addresses {
    return this.#of(service).addresses;
  }

  /** 0 while the service is not running. */
  pidOf(service: ServiceName): number {
    return this.#of(service).pid;
  }

  /** The planes first, while the control plane still hears their last figures; then the control plane. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#planes.map((plane) => plane.close(CLOSE_LIMIT_MS)));
    await this.#control.close(CLOSE_LIMIT_MS);
  }

  /** Every service reads its files (certificates, tokens) again. */
  reload(): void {
    for (const each of [this.#control, ...this.#planes]) each.reload();
  }

  /** Now, without waiting. */
  kill(): void {
    for (const each of [this.#control, ...this.#planes]) each.kill();
  }

  #of(service: ServiceName): Supervised {
    return this.#planes.find(({ name }) => name === service) ?? this.#control;
  }

  /** Ports that the system chose for the control plane: the planes must know them, and a restart must find them again. */
  #pinned(): string[] {
    const { grpc, admin, http } = this.#known;
    const { control } = this.#config;
    const assignments: string[] = [];
    if (control.grpc.port === 0 && grpc !== undefined) {
      assignments.push(`cluster.controlPlanes=["${grpc}"]`, `control.grpc.port=${portOf(grpc)}`);
    }
    if (control.admin.port === 0 && admin !== undefined) assignments.push(`control.admin.port=${portOf(admin)}`);
    if (control.http.port === 0 && http !== undefined) assignments.push(`control.http.port=${portOf(http)}`);
    return assignments.flatMap((assignment) => ['--set', assignment]);
  }
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}
