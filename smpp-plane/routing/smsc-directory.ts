import { DEFAULT_POOL, type NodeTable, type PlaneCore, type PlaneNode } from '../../data-plane';
import { NodeState } from '../../proto';
import { SmscHealth } from './smsc-health';
import { mergeMembers, staticNode, targetOf, type SmscTarget } from './smsc-target';

/** SMSCs that do not register. */
export interface RemoteServers {
  /** `host:port` of each. */
  readonly remoteServers: readonly string[];
  /** True: they are dialled over TLS. */
  readonly remoteServersTls?: boolean;
}

export interface SmscDirectoryOptions extends RemoteServers {
  /** How long an SMSC is passed over after its first failure, ms. */
  readonly reconnectMs: number;
}

/** Which SMSC a bind goes to: the registered nodes and `remoteServers` are one set to the algorithm in force. */
export class SmscDirectory {
  readonly #core: PlaneCore;
  #statics: readonly PlaneNode[] = [];
  readonly #health: SmscHealth;
  #members: readonly PlaneNode[] = [];
  #turn = 0;

  constructor(core: PlaneCore, options: SmscDirectoryOptions) {
    this.#core = core;
    this.#health = new SmscHealth(core.clock, options.reconnectMs);
    this.useRemoteServers(options);
  }

  /** Goes over to another list of SMSCs that do not register; those that stay in it stay as they are. */
  useRemoteServers({ remoteServers, remoteServersTls = false }: RemoteServers): void {
    const known = new Map(this.#statics.map((node) => [node.id, node]));
    this.#statics = [...new Set(remoteServers)].map((hostPort) => {
      const kept = known.get(hostPort);
      return kept !== undefined && targetOf(kept)?.tls === remoteServersTls
        ? kept
        : staticNode(hostPort, remoteServersTls);
    });
    this.refresh(this.#core.table);
  }

  /** Goes over to a new table. */
  refresh(table: NodeTable): void {
    const { nodes, fresh } = table.pool(DEFAULT_POOL);
    this.#members = mergeMembers(nodes, fresh, this.#statics);
    this.#health.keepOnly(new Set(this.#members.map(({ id }) => id)));
  }

  /** Those that take new binds, sorted by id, SMSCs in trouble among them. */
  get members(): readonly PlaneNode[] {
    return this.#members;
  }

  /** The SMSC for a key (the system_id) among those not tried yet; SMSCs in trouble come last. Undefined: none is left. */
  choose(key: string, tried: ReadonlySet<string>): SmscTarget | undefined {
    const left = this.#members.filter(({ id }) => !tried.has(id));
    const well = left.filter(({ id }) => !this.#health.isSuspended(id));
    const candidates = well.length > 0 ? well : left;
    const chosen = this.#core.balancer.chooseAmong(DEFAULT_POOL, key, candidates) ?? this.#inTurn(candidates);
    return chosen && targetOf(chosen);
  }

  /** Is there another SMSC that takes new binds? */
  hasOther(id: string): boolean {
    return this.#members.some((member) => member.id !== id && !this.#health.isSuspended(member.id));
  }

  /** May sessions stay at this SMSC? False once its node is removed or in maintenance. */
  keepsOldWork(id: string): boolean {
    const node = this.#core.table.get(id);
    if (node === undefined) return this.#statics.some((member) => member.id === id);
    // The lease of a SUSPECT node ran out, but the session has its own sign of life: enquire_link.
    return node.state === NodeState.SUSPECT || this.#core.table.keepsOldWork(node, this.#core.clock.now());
  }

  isSuspect(id: string): boolean {
    return this.#core.table.get(id)?.state === NodeState.SUSPECT;
  }

  failed(target: SmscTarget): void {
    this.#health.failed(target.id);
    target.live.failures += 1;
  }

  succeeded(target: SmscTarget): void {
    this.#health.succeeded(target.id);
  }

  /** Until the control plane first named an algorithm. */
  #inTurn(candidates: readonly PlaneNode[]): PlaneNode | undefined {
    this.#turn += 1;
    return candidates[this.#turn % candidates.length];
  }
}
