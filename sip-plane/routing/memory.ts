import type { PlaneCore } from '../../data-plane';
import { CallTable, DecisionCache, HintBook, NodeSlots, type CallNews } from '../affinity';
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

  /** Lets go of what was idle too long; called by a timer. */
  expire(nowMs: number): void {
    this.decisions.expire(nowMs);
    this.calls.expire(nowMs);
  }
}
