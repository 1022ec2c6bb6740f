import cluster from 'node:cluster';
import type { Clock, Timer } from '../clock';
import type { Logger } from '../logger';
import type { Random } from '../random';
import { Supervised } from '../supervision';
import { SEAT_VARIABLE, type FiguresAnswer, type Seat, type WorkerMessage } from './messages';
import type { WorkerPlan } from './worker-plan';

export interface WorkerSlotOptions {
  readonly index: number;
  readonly plan: WorkerPlan;
  /** The program's file and its arguments. */
  readonly main: string;
  readonly args: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The worker has something to say to all others. */
  readonly onWord: (word: WorkerMessage) => void;
  readonly onDeath: () => void;
}

const START_LIMIT_MS = 30_000;
/** Traffic waits meanwhile. */
const RESTART_MS = 200;
const ANSWER_LIMIT_MS = 2000;
/** Standard streams and the channel come before. */
const FIRST_DESCRIPTOR = 4;

/** One worker's place: its process, and the next one when that dies. */
export class WorkerSlot {
  readonly index: number;
  readonly process: Supervised;
  readonly #options: WorkerSlotOptions;
  readonly #waiting = new Map<number, (answer: FiguresAnswer) => void>();
  #questions = 0;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
    this.index = options.index;
    this.process = new Supervised({
      ...options,
      name: `worker ${options.index}`,
      launch: () => this.#launch(),
      onMessage: (message) => this.#heard(message as WorkerMessage),
      startLimitMs: START_LIMIT_MS,
      restartMs: RESTART_MS,
    });
  }

  /** Its figures of the moment; undefined: it does not answer. */
  async figures(): Promise<FiguresAnswer | undefined> {
    if (!this.process.ready) return undefined;
    this.#questions += 1;
    const id = this.#questions;
    const { clock } = this.#options;
    let limit: Timer | undefined;
    const answer = await new Promise<FiguresAnswer | undefined>((resolve) => {
      this.#waiting.set(id, resolve);
      limit = clock.after(ANSWER_LIMIT_MS, () => resolve(undefined));
      this.process.send({ type: 'figures?', id } satisfies WorkerMessage);
    });
    limit?.cancel();
    this.#waiting.delete(id);
    return answer;
  }

  /** By node:cluster, so that listening sockets of TCP are shared; sockets of UDP are handed down. */
  #launch(): ReturnType<typeof cluster.fork>['process'] {
    const { index, plan, main, args, logger } = this.#options;
    const sockets = [...plan.socketsOf(index)];
    cluster.setupPrimary({
      exec: main,
      // An operator may have changed the level since the start.
      args: [...args, '--set', `log.level=${logger.level}`],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...sockets.map(([, descriptor]) => descriptor)],
    });
    const seat: Seat = {
      index,
      sockets: Object.fromEntries(sockets.map(([name], place) => [name, FIRST_DESCRIPTOR + place])),
    };
    return cluster.fork({ [SEAT_VARIABLE]: JSON.stringify(seat) }).process;
  }

  #heard(message: WorkerMessage): void {
    if (message.type === 'word') this.#options.onWord(message);
    if (message.type === 'figures') this.#waiting.get(message.id)?.(message);
  }
}
