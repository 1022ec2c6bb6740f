import type { Protocol, SipHeartbeat } from '../proto';
import type { Clock } from '../runtime/clock';
import type { Counters } from '../runtime/counters';
import type { Logger } from '../runtime/logger';
import type { Random } from '../runtime/random';
import type { Telemetry } from '../runtime/telemetry';
import type { Balancer } from './balancer';
import type { NodeTable } from './nodes';

/** Told of each new table after the balancer uses it. */
export type TableListener = (table: NodeTable, previous: NodeTable) => void;

/** What every plane is built on: who is there, which one, and where to count. Packet paths only read it. */
export interface PlaneCore {
  readonly protocol: Protocol;
  /** The newest table; ask again for each decision, never keep it. */
  readonly table: NodeTable;
  readonly balancer: Balancer;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  onTable(listener: TableListener): void;
  /** Queues a heartbeat that came by SIP for the control plane; bounded, never blocks. */
  reportSipHeartbeat(heartbeat: SipHeartbeat): void;
}
