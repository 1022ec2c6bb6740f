import type { Networks } from '../../runtime/networks';
import type { ForwarderOptions } from '../forward';
import type { Tunnels } from '../tunnel';
import type { HeadParser } from './head-parser';
import type { HeadWriter } from './head-writer';
import type { NodePools } from './node-pool';
import type { ViaMark } from './response-head';

/** What all connections of one forwarder share. */
export interface WireDeps extends ForwarderOptions {
  readonly pools: NodePools;
  readonly tunnels: Tunnels;
  readonly trusted: Networks;
  /** For heads of requests; its state does not outlive the call that filled it. */
  readonly requests: HeadParser;
  /** For heads of answers. */
  readonly responses: HeadParser;
  readonly out: HeadWriter;
  readonly via: ViaMark;
  /** Port of the HTTPS listener that plain requests are sent to; undefined: they are served. */
  redirectPort: number | undefined;
}
