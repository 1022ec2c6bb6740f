import type { PlaneNode } from '../../data-plane';
import type { Clock } from '../../runtime/clock';
import type { Random } from '../../runtime/random';
import type { HttpFigures } from '../figures';
import { Tunnel, type TunnelEnd } from './tunnel';

export interface TunnelEnds {
  readonly client: TunnelEnd;
  readonly node: TunnelEnd;
  /** Bytes that came behind the handshake on each side. */
  readonly earlyOfClient: Buffer;
  readonly earlyOfNode: Buffer;
  readonly target: PlaneNode;
}

export interface TunnelsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly figures: HttpFigures;
  readonly idleMs: number;
}

/** Tunnels of a drained node end spread over this time, ms: their clients come back one by one. */
const SPREAD_MS = 1000;
/** A peer's own end is awaited so long, ms. */
const DRAIN_GRACE_MS = 5000;

/** The tunnels that are open, with their figures. No push of the control plane touches them but the end of their node's drain. */
export class Tunnels {
  readonly #options: TunnelsOptions;
  /** With the id of the node. */
  readonly #open = new Map<Tunnel, string>();

  constructor(options: TunnelsOptions) {
    this.#options = options;
  }

  /** Joins two sockets whose handshake is over. */
  open({ client, node, earlyOfClient, earlyOfNode, target }: TunnelEnds): void {
    const { clock, figures, idleMs } = this.#options;
    figures.tunnelsOpened.value += 1;
    figures.tunnels += 1;
    target.live.activeSessions += 1;
    const onBytes = (bytes: number, toNode: boolean): void => {
      (toNode ? figures.bytesToServer : figures.bytesToClient).value += bytes;
      if (toNode) target.live.bytesOut += bytes;
      else {
        target.live.bytesIn += bytes;
        target.live.heardAtMs = clock.now();
      }
    };
    if (earlyOfNode.length > 0) {
      client.write(earlyOfNode);
      onBytes(earlyOfNode.length, false);
    }
    if (earlyOfClient.length > 0) {
      node.write(earlyOfClient);
      onBytes(earlyOfClient.length, true);
    }
    const tunnel = new Tunnel({ client, node, clock, idleMs, onBytes });
    this.#open.set(tunnel, target.id);
    void this.#forget(tunnel, target);
  }

  /** Ends what is left to nodes whose drain is over: FIN both ways, spread over a second. */
  drained(nodeIds: ReadonlySet<string>): void {
    if (nodeIds.size === 0) return;
    const { clock, random } = this.#options;
    for (const [tunnel, nodeId] of this.#open) {
      if (nodeIds.has(nodeId)) clock.after(random() * SPREAD_MS, () => this.#endDrained(tunnel));
    }
  }

  /** Ends all in order, and cuts those that do not end within `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const open = [...this.#open.keys()];
    for (const tunnel of open) tunnel.end(graceMs);
    await Promise.all(open.map((tunnel) => tunnel.closed));
  }

  #endDrained(tunnel: Tunnel): void {
    if (!this.#open.has(tunnel)) return;
    this.#options.figures.tunnelsDrained.value += 1;
    tunnel.end(DRAIN_GRACE_MS);
  }

  async #forget(tunnel: Tunnel, target: PlaneNode): Promise<void> {
    await tunnel.closed;
    this.#options.figures.tunnels -= 1;
    target.live.activeSessions -= 1;
    this.#open.delete(tunnel);
  }
}
