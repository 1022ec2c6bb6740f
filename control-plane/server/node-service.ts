import {
  BindSessionResponse,
  DeregisterResponse,
  HeartbeatResponse,
  KeepAliveResponse,
  NodeState,
  RegisterResponse,
  SwitchoverResponse,
  fromMs,
  toMs,
  type KeepAliveRequest,
  type NodeServiceServer,
} from '../../proto';
import { hostOf } from '../../runtime/grpc';
import { traceparentOf } from '../../runtime/telemetry';
import { Refusal } from '../registry';
import { handler, type ServiceContext } from './service-context';

/** The kind of the streams that keep nodes alive. */
export const NODE_STREAMS = 'node';
const MAX_DRAIN_MS = 86_400_000;

/** What nodes and planes are told that should go to another control plane. */
export function cutOff(): Refusal {
  return new Refusal('FROZEN', 'this control plane is cut off from the store; go to another one');
}

/** NodeService of the contract. */
export function nodeService(context: ServiceContext): NodeServiceServer {
  const { registry, config, counters, streams, sessions, registrations } = context;
  const heartbeats = counters.counter('control.heartbeats.grpc.taken');
  const unknown = counters.counter('control.heartbeats.grpc.unknown');

  const renew = ({ leaseId, load }: KeepAliveRequest): NodeState | undefined => {
    if (context.isCutOff()) throw cutOff();
    const state = registry.renew(leaseId, load);
    if (state === undefined) unknown.value += 1;
    else heartbeats.value += 1;
    return state;
  };

  return {
    register: handler(context, 'NodeService/Register', async ({ node }, { peer, span }) => {
      const peerHost = hostOf(peer);
      if (!registrations.take(peerHost))
        throw new Refusal('TOO_MANY_REGISTRATIONS', 'too many registrations; try later');
      const { lease, state } = await registry.register({
        node,
        peerHost,
        source: 'grpc',
        traceparent: traceparentOf(span),
      });
      return RegisterResponse.create({
        leaseId: lease.id,
        leaseTtl: fromMs(config.lease.ttlMs),
        heartbeatInterval: fromMs(config.lease.intervalMs),
        state,
      });
    }),

    keepAlive: (call) =>
      streams.open(
        call,
        (stream) => ({
          onMessage(request) {
            const state = renew(request);
            stream.send(
              KeepAliveResponse.create({
                leaseId: request.leaseId,
                known: state !== undefined,
                state: state ?? NodeState.UNSPECIFIED,
              }),
            );
          },
        }),
        NODE_STREAMS,
      ),

    heartbeat: handler(context, 'NodeService/Heartbeat', (request) => {
      const state = renew(request);
      if (state === undefined) throw new Refusal('LEASE_UNKNOWN', 'the lease is not known; register again');
      return HeartbeatResponse.create({ state });
    }),

    deregister: handler(context, 'NodeService/Deregister', async ({ leaseId, drainTimeout }, { span }) => {
      const drainMs = toMs(drainTimeout);
      if (drainMs < 0 || drainMs > MAX_DRAIN_MS) {
        throw new Refusal('INVALID', `drain_timeout: expected 0-86400 s, got ${drainMs / 1000} s`, {
          field: 'drain_timeout',
        });
      }
      await registry.deregister(leaseId, drainMs, traceparentOf(span));
      return DeregisterResponse.create({});
    }),

    bindSession: handler(context, 'NodeService/BindSession', (request) => {
      sessions.bind(request);
      return BindSessionResponse.create({});
    }),

    switchover: handler(context, 'NodeService/Switchover', ({ leaseId, fromJvmRoute, toJvmRoute }) => {
      sessions.switchover(leaseId, fromJvmRoute, toJvmRoute);
      context.logger.info({ from: fromJvmRoute, to: toJvmRoute }, 'sessions moved to another node');
      return SwitchoverResponse.create({});
    }),
  };
}
