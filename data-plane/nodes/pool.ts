import { NodeState, type RoutingConfig } from '../../proto';
import type { PlaneNode } from './plane-node';
import { readPoolRules, type PoolRules } from './pool-rules';
import { compareVersions } from './version-order';

/** The nodes of one pool, sorted by id. */
export class Pool {
  readonly name: string;
  /** All that are registered, whatever their state. */
  readonly nodes: readonly PlaneNode[];
  /** The algorithm in force; undefined until the control plane named one. */
  readonly config: RoutingConfig | undefined;
  readonly rules: PoolRules;
  #fresh: readonly PlaneNode[] = [];
  #newest: readonly PlaneNode[] = [];

  constructor(name: string, nodes: readonly PlaneNode[], config: RoutingConfig | undefined) {
    this.name = name;
    this.nodes = nodes;
    this.config = config;
    this.rules = rulesOf(config);
  }

  /** Those that may get new work, of all versions. Another array after an ejection or a readmission: ask again each time. */
  get fresh(): readonly PlaneNode[] {
    return this.#fresh;
  }

  /** Those of `fresh` that do get new work: of the newest version only, unless the pool's rules say otherwise. */
  get newest(): readonly PlaneNode[] {
    return this.#newest;
  }

  /** Asks anew for each node whether it may get new work at that time. Where all that could are ejected, ejections do not count. */
  regroup(takesNewWork: (node: PlaneNode, nowMs: number) => boolean, nowMs: number): void {
    let usable = this.nodes.filter((node) => takesNewWork(node, nowMs));
    if (usable.length === 0) usable = this.nodes.filter((node) => takesNewWork(node, Number.POSITIVE_INFINITY));
    const panicking = usable.length * 100 < this.nodes.length * (this.config?.panicThresholdPercent ?? 0);
    this.#fresh = panicking
      ? this.nodes.filter((node) => node.weight > 0 && node.state !== NodeState.MAINTENANCE)
      : usable;
    this.#newest = this.narrow(this.#fresh);
  }

  /** The nodes of the newest version among these; the same array when they are of one version. */
  narrow(nodes: readonly PlaneNode[]): readonly PlaneNode[] {
    const first = nodes[0]?.version ?? '';
    let newest = first;
    let mixed = false;
    for (let i = 1; i < nodes.length; i += 1) {
      const { version } = nodes[i] as PlaneNode;
      if (version === newest) continue;
      mixed = true;
      if (compareVersions(version, newest) > 0) newest = version;
    }
    if (!mixed || !this.rules.versionPools) return nodes;
    return nodes.filter(({ version }) => compareVersions(version, newest) === 0);
  }
}

/** The catalog has checked every config of the control plane; one of a last-good file may be of another release. */
function rulesOf(config: RoutingConfig | undefined): PoolRules {
  try {
    return readPoolRules(config?.parameters ?? new Map());
  } catch {
    return readPoolRules(new Map());
  }
}
