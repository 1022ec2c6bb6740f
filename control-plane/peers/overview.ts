import { NodeStats, type GetStatsResponse, type PlaneStatus } from '../../proto';
import type { PushHub } from '../push';
import type { StatsAggregator } from '../stats';
import { mergePlanes, mergeStats } from './merge';
import type { PeerView } from './peer-views';

export interface OverviewOptions {
  readonly hub: PushHub;
  readonly stats: StatsAggregator;
  /** What the other control planes say. */
  readonly views: () => readonly PeerView[];
  /** Those that live and say nothing. */
  readonly missing: () => readonly string[];
}

/** The planes and figures of the whole cluster, whichever control plane they are connected to. */
export class Overview {
  readonly #options: OverviewOptions;

  constructor(options: OverviewOptions) {
    this.#options = options;
  }

  get missing(): string[] {
    return [...this.#options.missing()];
  }

  planes(): PlaneStatus[] {
    return mergePlanes(this.#options.hub.statuses(), this.#options.views());
  }

  stats(): GetStatsResponse {
    const merged = mergeStats(this.#options.stats.runs(), this.#options.views());
    return { ...merged, missingControlPlanes: this.missing };
  }

  /** What to ask for the figures of single nodes, for one answer. */
  nodeFigures(): (nodeId: string) => NodeStats {
    if (this.#options.views().length === 0) return (nodeId) => this.#options.stats.node(nodeId);
    const nodes = new Map(this.stats().nodes.map((node) => [node.nodeId, node]));
    return (nodeId) => nodes.get(nodeId) ?? NodeStats.create({ nodeId });
  }
}
