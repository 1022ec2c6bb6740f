import { startAdminHttp } from '../admin-http';
import type { Clock } from '../clock';
import { Counters } from '../counters';
import type { Logger } from '../logger';
import type { OperatorPages } from '../operator-pages';
import type { FigureSet } from '../prometheus-text';
import type { Random } from '../random';
import { onReloadSignal } from '../reload-signal';
import type { Readiness, Service } from '../service';
import type { WorkerMessage } from './messages';
import type { WorkerPlan } from './worker-plan';
import { WorkerSlot } from './worker-slot';

export interface SuperviseOptions {
  /** Of the service, for errors. */
  readonly name: string;
  readonly plan: WorkerPlan;
  /** The program's file and its arguments: each worker is the same program. */
  readonly main: string;
  readonly args: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The pages that change these processes. */
  readonly operator?: OperatorPages | undefined;
}

const CLOSE_LIMIT_MS = 15_000;

/**
 * Runs a service as the workers of a plan: starts them, replaces one that dies, hands signals on, and serves the pages of all at one
 * address. Addresses: those of the first worker, and `admin`. Rejects when a worker cannot start; SERVICE_DIED: it has said why.
 */
export async function superviseWorkers(options: SuperviseOptions): Promise<Service> {
  const crew = new Crew(options);
  try {
    await crew.start();
  } catch (error) {
    await crew.close();
    throw error;
  }
  return crew;
}

class Crew implements Service {
  readonly #options: SuperviseOptions;
  readonly #slots: readonly WorkerSlot[];
  readonly #counters = new Counters();
  #admin: Service | undefined;
  #unhook: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: SuperviseOptions) {
    const { plan } = options;
    this.#options = options;
    const restarts = this.#counters.counter('workers.restarts');
    this.#counters.gauge('workers.ready', () => this.#slots.filter(({ process: { ready } }) => ready).length);
    this.#slots = Array.from({ length: plan.count }, (_, place) => {
      const index = place + 1;
      return new WorkerSlot({
        ...options,
        index,
        onWord: (word) => {
          for (const other of this.#slots) if (other.index !== index) other.process.send(word);
        },
        onDeath: () => {
          restarts.value += 1;
        },
      });
    });
  }

  get addresses(): Readonly<Record<string, string>> {
    return { ...this.#slots[0]?.process.addresses, admin: this.#admin?.addresses['http'] ?? '' };
  }

  /** The first worker alone: what keeps it from starting would keep all, and is to be said once. */
  async start(): Promise<void> {
    const { plan, name, logger, operator } = this.#options;
    operator?.onLogLevel((level) => {
      for (const slot of this.#slots) slot.process.send({ type: 'log level', level } satisfies WorkerMessage);
    });
    this.#admin = await startAdminHttp({
      what: `${name} admin`,
      ...plan.admin,
      counters: this.#counters,
      operator,
      readiness: () => this.#readiness(),
      more: () => this.#figures(),
    });
    const [first, ...others] = this.#slots;
    await first?.process.start();
    await Promise.all(others.map((slot) => slot.process.start()));
    // In a terminal it is the terminal that went, and everything with it.
    if (!process.stderr.isTTY) {
      this.#unhook = onReloadSignal(() => {
        for (const slot of this.#slots) slot.process.reload();
      });
    }
    logger.info({ workers: plan.count, pids: this.#slots.map((slot) => slot.process.pid) }, 'workers run');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#unhook?.();
    await Promise.all(this.#slots.map((slot) => slot.process.close(CLOSE_LIMIT_MS)));
    await this.#admin?.close();
    this.#options.plan.close();
  }

  async #readiness(): Promise<Readiness> {
    if (this.#closing !== undefined) return { ready: false, problems: ['it is closing'] };
    const answers = await Promise.all(
      this.#slots.map(async (slot) => {
        const problems = (await slot.figures())?.problems ?? ['it does not run'];
        return problems.map((problem) => `${slot.process.name}: ${problem}`);
      }),
    );
    const problems = answers.flat();
    return { ready: problems.length === 0, problems };
  }

  async #figures(): Promise<readonly FigureSet[]> {
    const answers = await Promise.all(this.#slots.map((slot) => slot.figures()));
    return answers.flatMap((answer, place) =>
      answer === undefined
        ? []
        : [
            {
              labels: { worker: `${place + 1}` },
              counters: new Map(answer.counters),
              gauges: new Map(answer.gauges),
            },
          ],
    );
  }
}
