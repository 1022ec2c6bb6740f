import type { PlaneCore } from '../../data-plane';
import type { HttpConfig } from '../../runtime/config';
import type { AccessLog } from '../access-log';
import type { HttpFigures } from '../figures';
import type { NodeHealth } from '../health';
import type { UrlRewriter } from '../rewrite';
import type { Router } from '../routing';
import type { UnavailableHost } from './unavailable-host';

export type ForwarderCore = Pick<PlaneCore, 'clock' | 'logger' | 'onTable' | 'random' | 'table' | 'telemetry'>;

export interface ForwarderOptions {
  readonly core: ForwarderCore;
  readonly config: HttpConfig;
  readonly router: Router;
  readonly figures: HttpFigures;
  readonly health: NodeHealth;
  readonly rewriter: UrlRewriter;
  /** Gets requests that no node can. */
  readonly unavailableHost: UnavailableHost;
  /** Undefined: none is kept. */
  readonly accessLog: AccessLog | undefined;
}

/** Listens for clients and forwards each of their requests to the node that the router chooses. */
export interface Forwarder {
  /** `http`, and `https` when it is configured: `host:port` as bound. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Stops accepting, finishes requests in flight for at most `graceMs`, ends tunnels, cuts the rest. */
  close(graceMs: number): Promise<void>;
}
