import type { PlaneCore } from '../data-plane';
import type { Timer } from '../runtime/clock';
import type { Counter } from '../runtime/counters';
import type { Worker } from '../runtime/workers';
import type { CallNews, CallTable } from './affinity';

/** What a piece of news begins with; then comes the hash of the Call-ID, and of ROUTED the node and whether the call moved there. */
const ROUTED = 0;
const ANSWERED = 1;
const ENDED = 2;

const FLUSH_INTERVAL_MS = 10;
/** Numbers and names that may wait for the next flush. */
const MAX_WAITING = 50_000;

/** As JSON carries it: piece after piece. */
interface CallWord {
  readonly calls: readonly (number | string)[];
}

/** Keeps the tables of calls of all workers together: tells what happens here a hundred times a second, and takes in what the others tell. */
export class CallExchange implements CallNews {
  readonly #worker: Pick<Worker, 'tellOthers' | 'onWord'>;
  readonly #core: PlaneCore;
  readonly #dropped: Counter;
  #waiting: (number | string)[] = [];
  #flush: Timer | undefined;

  constructor(worker: Pick<Worker, 'tellOthers' | 'onWord'>, core: PlaneCore) {
    this.#worker = worker;
    this.#core = core;
    this.#dropped = core.counters.counter('sip.callNews.dropped');
  }

  /** Takes what is heard into a table. */
  hearInto(calls: CallTable): void {
    this.#worker.onWord((body) => this.#hear((body as CallWord).calls, calls));
  }

  close(): void {
    this.#flush?.cancel();
  }

  routed(hi: number, lo: number, nodeId: string, moved: boolean): void {
    if (this.#hasRoom()) this.#waiting.push(ROUTED, hi, lo, nodeId, moved ? 1 : 0);
  }

  answered(hi: number, lo: number): void {
    if (this.#hasRoom()) this.#waiting.push(ANSWERED, hi, lo);
  }

  ended(hi: number, lo: number): void {
    if (this.#hasRoom()) this.#waiting.push(ENDED, hi, lo);
  }

  #hasRoom(): boolean {
    if (this.#waiting.length < MAX_WAITING) {
      this.#flush ??= this.#core.clock.after(FLUSH_INTERVAL_MS, () => this.#tell());
      return true;
    }
    this.#dropped.value += 1;
    return false;
  }

  #tell(): void {
    this.#flush = undefined;
    const word: CallWord = { calls: this.#waiting };
    this.#waiting = [];
    if (!this.#worker.tellOthers(word)) this.#dropped.value += 1;
  }

  #hear(news: CallWord['calls'], calls: CallTable): void {
    const now = this.#core.clock.now();
    for (let at = 0; at < news.length;) {
      const hi = Number(news[at + 1]);
      const lo = Number(news[at + 2]);
      switch (news[at]) {
        case ROUTED: {
          const node = this.#core.table.get(String(news[at + 3]));
          if (node !== undefined) calls.heardRouted(hi, lo, node, news[at + 4] === 1, now);
          at += 5;
          break;
        }
        case ANSWERED:
          calls.heardAnswered(hi, lo, now);
          at += 3;
          break;
        default:
          calls.heardEnded(hi, lo, now);
          at += 3;
      }
    }
  }
}
