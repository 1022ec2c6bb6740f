import type { PlaneCore } from '../../data-plane';
import { CallTable, DecisionCache, HintBook, NodeSlots, type CallNews } from '../affinity';
import { SCAN_INTS, Scan, ScanHash } from '../message';
import { FlowTokens } from './flow-tokens';

export interface MemoryOptions {
  readonly decisionCacheSize: number;
  readonly decisionCacheMs: number;
  readonly maxCalls: number;
  readonly callIdleMs: number;
}

/** All that the plane remembers between messages; everything in it is bounded and may be lost without losing a call. */
export class Memory {
  readonly slots = new NodeSlots();
  readonly hints = new HintBook();
  readonly flows = new FlowTokens(this.hints.keys);
  readonly decisions: DecisionCache;
  readonly calls: CallTable;
  /** Kept so that the look-ups of `warm` are not optimized away. */
  warmed = 0;

  /** @param news where other worker processes are told of calls; absent: there are none. */
  constructor(core: PlaneCore, options: MemoryOptions, news?: CallNews) {
    this.decisions = new DecisionCache(options.decisionCacheSize, options.decisionCacheMs, this.slots);
    this.calls = new CallTable({ capacity: options.maxCalls, maxIdleMs: options.callIdleMs }, this.slots, news);
    this.use(core);
    core.onTable(() => this.use(core));
  }

  use({ table }: PlaneCore): void {
    this.slots.use(table);
    this.hints.use(table);
    this.calls.recount();
  }

  /** Has what the decisions of a batch will look up brought near; `indexes` are the addon's of its first `count` datagrams. */
  warm(indexes: Int32Array, count: number): void {
    let sum = this.decisions.warmOldest(count) + this.calls.warmOldest(count);
    for (let at = 0; at < count * SCAN_INTS; at += SCAN_INTS) {
      if (indexes[at + Scan.READ] !== 1) continue;
      const hashes = indexes[at + Scan.HASHES] as number;
      if ((hashes & ScanHash.CALL) !== 0) {
        sum += this.calls.warm(indexes[at + Scan.CALL_HI] as number, indexes[at + Scan.CALL_LO] as number);
      }
      if ((hashes & ScanHash.KEY) !== 0) {
        sum += this.decisions.warm(indexes[at + Scan.KEY_HI] as number, indexes[at + Scan.KEY_LO] as number);
      }
    }
    this.warmed = sum;
  }

  /** Lets go of what was idle too long; called by a timer. */
  expire(nowMs: number): void {
    this.decisions.expire(nowMs);
    this.calls.expire(nowMs);
  }
}
