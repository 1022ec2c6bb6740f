import { DEFAULT_POOL, rendezvous, type NodeTable, type PlaneCore, type PlaneNode } from '../../data-plane';
import { cookieValue } from './cookie-value';
import { instanceIdOf } from './instance-id';
import { queryParameter } from './query-parameter';
import { collectSessionIds } from './session-ids';

/** What a choice needs of a request. */
export interface RequestKeys {
  /** Origin-form: path and query as they came. */
  readonly target: string;
  /** The Cookie lines. */
  readonly cookies: readonly string[];
}

export interface RouterSettings {
  /** Query parameter that holds the affinity key. */
  readonly affinityKey: string;
  /** Name of the plane's own cookie; absent: none. */
  readonly stickyCookie?: string | undefined;
}

export type RouterCore = Pick<PlaneCore, 'table' | 'balancer'>;

/** Label of a node that holds its Restcomm instance id. */
const INSTANCE_ID_LABEL = 'Restcomm-Instance-Id';

/**
 * Chooses the node of each request, in the order of the guides (1.3 and "Converged Load Balancing"): jvmRoute, Restcomm instance id,
 * our own cookie, affinity key, session id, algorithm. Pure but for the algorithm's own memory; called once per request.
 */
export class Router {
  readonly #core: RouterCore;
  readonly #settings: RouterSettings;
  readonly #sessionIds: string[] = [];
  #table: NodeTable | undefined;
  #byJvmRoute: ReadonlyMap<string, PlaneNode> = new Map();
  #byInstanceId: ReadonlyMap<string, PlaneNode> = new Map();
  #fresh = 0;

  constructor(core: RouterCore, settings: RouterSettings) {
    this.#core = core;
    this.#settings = settings;
  }

  /** The node for a request, or undefined when none is usable. */
  choose(keys: RequestKeys): PlaneNode | undefined {
    this.#followTable();
    const ids = this.#sessionIds;
    ids.length = 0;
    collectSessionIds(keys.target, keys.cookies, ids);
    return this.#owner(ids) ?? this.#instance(keys.target) ?? this.#byCookie(keys) ?? this.#byKey(keys, ids[0]);
  }

  /** Does the request carry a session of that node? */
  isBound(keys: RequestKeys, node: PlaneNode): boolean {
    const ids: string[] = [];
    collectSessionIds(keys.target, keys.cookies, ids);
    return (this.#owner(ids) ?? this.#byCookie(keys))?.id === node.id;
  }

  /** The Set-Cookie line that will hold the client at the node, with its end; '': it has the cookie, or there is none by config. */
  cookieFor(keys: RequestKeys, node: PlaneNode): string {
    const name = this.#settings.stickyCookie;
    if (name === undefined || cookieValue(keys.cookies, name) === node.id) return '';
    // A server that stands in for all nodes must hold nobody.
    if (this.#core.table.get(node.id) === undefined) return '';
    return `Set-Cookie: ${name}=${node.id}; Path=/; HttpOnly\r\n`;
  }

  /** A node to try instead of one that did not take the request: by hash of its id, so that all planes agree. */
  instead(failed: PlaneNode): PlaneNode | undefined {
    const others = this.#core.table.pool(failed.pool).fresh.filter(({ id }) => id !== failed.id);
    return rendezvous(failed.id, others);
  }

  /** The node that a jvmRoute names, or the one that its sessions were handed to (switchover). */
  #owner(ids: readonly string[]): PlaneNode | undefined {
    for (let i = 0; i < ids.length; i += 1) {
      const node = this.#keeping(this.#ownerId(ids[i] as string));
      if (node !== undefined) return node;
    }
    return undefined;
  }

  /** The id of the node that a session id names; of one that is gone, its jvmRoute is the best guess. */
  #ownerId(sessionId: string): string {
    const route = sessionId.slice(sessionId.lastIndexOf('.') + 1);
    return this.#byJvmRoute.get(route)?.id ?? (this.#core.table.get(route) === undefined ? route : '');
  }

  #instance(target: string): PlaneNode | undefined {
    if (this.#byInstanceId.size === 0) return undefined;
    const id = instanceIdOf(target);
    return id === undefined ? undefined : this.#keeping(this.#byInstanceId.get(id)?.id);
  }

  #byCookie(keys: RequestKeys): PlaneNode | undefined {
    const name = this.#settings.stickyCookie;
    if (name === undefined) return undefined;
    const id = cookieValue(keys.cookies, name);
    return this.#keeping(id);
  }

  #byKey(keys: RequestKeys, sessionId: string | undefined): PlaneNode | undefined {
    const { balancer } = this.#core;
    const affinity = queryParameter(keys.target, this.#settings.affinityKey);
    if (affinity !== undefined) return balancer.choose(DEFAULT_POOL, affinity);
    // Hashed whatever the algorithm: the session of a dead node goes to one stand-in, and one without a jvmRoute sticks.
    // A node without a jvmRoute of its own stamps its id: its version and group come first.
    if (sessionId !== undefined)
      return balancer.standIn(DEFAULT_POOL, withoutRoute(sessionId), this.#ownerId(sessionId));
    this.#fresh = (this.#fresh + 1) % Number.MAX_SAFE_INTEGER;
    return balancer.choose(DEFAULT_POOL, `fresh-${this.#fresh}`);
  }

  #keeping(id: string | undefined): PlaneNode | undefined {
    return id === undefined || id === '' ? undefined : this.#core.balancer.keeper(id);
  }

  #followTable(): void {
    const { table } = this.#core;
    if (table === this.#table) return;
    this.#table = table;
    this.#byJvmRoute = new Map(table.nodes.map((node) => [node.jvmRoute, node]));
    this.#byInstanceId = new Map(
      table.nodes.flatMap((node) => {
        const id = node.labels.get(INSTANCE_ID_LABEL);
        return id === undefined ? [] : [[id, node] as const];
      }),
    );
  }
}

/** A stand-in that stamps its own route keeps the session: the key is what does not change. */
function withoutRoute(sessionId: string): string {
  const dot = sessionId.lastIndexOf('.');
  return dot === -1 ? sessionId : sessionId.slice(0, dot);
}
