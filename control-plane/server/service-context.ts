import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Clock } from '../../runtime/clock';
import type { ControlConfig } from '../../runtime/config';
import type { Counters } from '../../runtime/counters';
import { unary, type CallInfo } from '../../runtime/grpc';
import type { Logger } from '../../runtime/logger';
import type { Telemetry } from '../../runtime/telemetry';
import type { RateLimiter } from '../access';
import type { SipHeartbeats } from '../heartbeat';
import type { Overview } from '../peers';
import type { PushHub } from '../push';
import type { Registry } from '../registry';
import type { RoutingConfigs } from '../routing';
import type { SessionRequests, SessionTable } from '../sessions';
import type { StatsAggregator } from '../stats';
import type { Store } from '../store';
import type { LogLevels } from './log-levels';
import { shuttingDown, type OpenStreams } from './open-streams';
import { asStatus } from './refusals';

/** What the three gRPC services stand on. */
export interface ServiceContext {
  readonly config: ControlConfig;
  readonly store: Store;
  readonly registry: Registry;
  readonly hub: PushHub;
  readonly stats: StatsAggregator;
  readonly overview: Overview;
  readonly configs: RoutingConfigs;
  readonly sessionTable: SessionTable;
  readonly sessions: SessionRequests;
  readonly sipHeartbeats: SipHeartbeats;
  /** By the address that registers. */
  readonly registrations: RateLimiter;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly logLevels: LogLevels;
  readonly streams: OpenStreams;
  /** The store has been out of reach for so long that nodes should go elsewhere. */
  readonly isCutOff: () => boolean;
  /** The same, and another control plane is in step: planes should go there too. */
  readonly isBehind: () => boolean;
}

/** A unary handler of a service: counted, refused while closing, refusals turned into statuses. `method`: "NodeService/Register". */
export function handler<Request, Response>(
  context: ServiceContext,
  method: string,
  handle: (request: Request, call: CallInfo) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  const { telemetry, logger, counters, streams } = context;
  const calls = counters.counter(`control.calls.${method.replace('/', '.')}`);
  const refused = counters.counter(`control.refused.${method.replace('/', '.')}`);
  return unary({ method: `triplane.v1.${method}`, telemetry, logger }, async (request: Request, call) => {
    calls.value += 1;
    try {
      if (streams.closing) throw shuttingDown();
      return await handle(request, call);
    } catch (error) {
      refused.value += 1;
      throw asStatus(error);
    }
  });
}
