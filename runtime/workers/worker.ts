import cluster from 'node:cluster';
import type { Counters } from '../counters';
import type { Readiness } from '../service';
import { SEAT_VARIABLE, type Seat, type WorkerMessage } from './messages';

/** Words that may wait for a supervisor that is busy. */
const MAX_UNTOLD = 200;

/** Where a worker's figures come from. */
export interface WorkerSource {
  readonly counters: Counters;
  readonly readiness: () => Readiness;
}

/** This process as one of several workers: its place among them, and its words with the supervisor. */
export class Worker {
  /** From 1. */
  readonly index: number;
  /** Descriptors of sockets that the supervisor has bound, by name. */
  readonly sockets: ReadonlyMap<string, number>;
  /** Words on their way to the supervisor. */
  #untold = 0;
  #source: WorkerSource | undefined;
  #hear: ((body: unknown) => void) | undefined;
  #level: ((level: string) => void) | undefined;

  private constructor({ index, sockets }: Seat) {
    this.index = index;
    this.sockets = new Map(Object.entries(sockets));
    process.on('message', (message: WorkerMessage) => this.#heard(message));
  }

  /** Undefined: this process is no worker. Children of its own are none either: the variable goes. */
  static ofProcess(): Worker | undefined {
    const text = process.env[SEAT_VARIABLE];
    if (text === undefined || !cluster.isWorker) return undefined;
    delete process.env[SEAT_VARIABLE];
    return new Worker(JSON.parse(text) as Seat);
  }

  /** Has the supervisor show these figures. */
  report(source: WorkerSource): void {
    this.#source = source;
  }

  /** Tells all other workers something that JSON can hold; two words keep their order. False: too many wait already, it was not told. */
  tellOthers(body: unknown): boolean {
    if (!process.connected || this.#untold >= MAX_UNTOLD) return false;
    this.#untold += 1;
    process.send?.({ type: 'word', body } satisfies WorkerMessage, undefined, undefined, () => {
      this.#untold -= 1;
    });
    return true;
  }

  /** Hears what other workers tell. */
  onWord(hear: (body: unknown) => void): void {
    this.#hear = hear;
  }

  /** Hears that an operator wants another log level. */
  onLogLevel(listener: (level: string) => void): void {
    this.#level = listener;
  }

  #heard(message: WorkerMessage): void {
    if (message.type === 'log level') this.#level?.(message.level);
    if (message.type === 'word') this.#hear?.(message.body);
    if (message.type === 'figures?') this.#answer(message.id);
  }

  #answer(id: number): void {
    const source = this.#source;
    const answer: WorkerMessage = {
      type: 'figures',
      id,
      counters: [...(source?.counters.snapshotCounters() ?? [])],
      gauges: [...(source?.counters.snapshotGauges() ?? [])],
      problems: source?.readiness().problems ?? ['it is starting'],
    };
    if (process.connected) process.send?.(answer, undefined, undefined, () => {});
  }
}
