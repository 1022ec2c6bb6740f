import type { PlaneNode } from '../../data-plane';
import type { Clock } from '../../runtime/clock';
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
  readonly figures: HttpFigures;
  readonly idleMs: number;
}

/** The tunnels that are open, with their figures. No push of the control plane touches them. */
export class Tunnels {
  readonly #options: TunnelsOptions;
  readonly #open = new Set<Tunnel>();

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
    this.#open.add(tunnel);
    void this.#forget(tunnel, target);
  }

  /** Ends all in order, and cuts those that do not end within `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const open = [...this.#open];
    for (const tunnel of open) tunnel.end(graceMs);
    await Promise.all(open.map((tunnel) => tunnel.closed));
  }

  async #forget(tunnel: Tunnel, target: PlaneNode): Promise<void> {
    await tunnel.closed;
    this.#options.figures.tunnels -= 1;
    target.live.activeSessions -= 1;
    this.#open.delete(tunnel);
  }
}
