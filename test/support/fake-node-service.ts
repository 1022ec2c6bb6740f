import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import {
  NodeServiceService,
  NodeState,
  fromMs,
  type DeregisterRequest,
  type KeepAliveRequest,
  type KeepAliveResponse,
  type NodeServiceServer,
  type RegisterRequest,
} from '../../proto';
import { createServer, listen, stopServer } from '../../runtime/grpc';

export interface FakeNodeService {
  readonly address: string;
  readonly registers: RegisterRequest[];
  readonly traceparents: string[];
  readonly heartbeats: KeepAliveRequest[];
  readonly deregisters: DeregisterRequest[];
  /** What heartbeats are answered with. */
  state: NodeState;
  /** False: no lease is known, as after a restart. Registering makes it true again. */
  known: boolean;
  /** True: heartbeats are taken and not answered, as by a frozen process. */
  mute: boolean;
  /** When set, Register is answered with this status. */
  refuse: { readonly code: status; readonly details: string } | undefined;
  /** Ends every open KeepAlive stream with UNAVAILABLE. */
  breakStreams(): void;
  readonly openStreams: number;
  close(): Promise<void>;
}

/** A NodeService that remembers what it was told and answers as a test wants it. */
export async function startFakeNodeService(
  options: { port?: number; intervalMs?: number; ttlMs?: number } = {},
): Promise<FakeNodeService> {
  const streams = new Set<ServerDuplexStream<KeepAliveRequest, KeepAliveResponse>>();
  const fake = {
    registers: [] as RegisterRequest[],
    traceparents: [] as string[],
    heartbeats: [] as KeepAliveRequest[],
    deregisters: [] as DeregisterRequest[],
    state: NodeState.ACTIVE as NodeState,
    known: true,
    mute: false,
    refuse: undefined as FakeNodeService['refuse'],
    get openStreams() {
      return streams.size;
    },
  };
  const service: NodeServiceServer = {
    register(call, callback) {
      fake.registers.push(call.request);
      fake.traceparents.push(call.metadata.get('traceparent')[0]?.toString() ?? '');
      if (fake.refuse !== undefined) {
        callback(fake.refuse);
        return;
      }
      fake.known = true;
      callback(null, {
        leaseId: `lease-${fake.registers.length}`,
        leaseTtl: fromMs(options.ttlMs ?? 300),
        heartbeatInterval: fromMs(options.intervalMs ?? 20),
        state: fake.state,
      });
    },
    keepAlive(stream) {
      streams.add(stream);
      for (const event of ['cancelled', 'close', 'error', 'end']) stream.on(event, () => streams.delete(stream));
      stream.on('data', (request: KeepAliveRequest) => {
        fake.heartbeats.push(request);
        if (!fake.mute) stream.write({ leaseId: request.leaseId, known: fake.known, state: fake.state });
      });
    },
    heartbeat: (_call, callback) => callback({ code: status.UNIMPLEMENTED }),
    bindSession: (_call, callback) => callback({ code: status.UNIMPLEMENTED }),
    switchover: (_call, callback) => callback({ code: status.UNIMPLEMENTED }),
    deregister(call, callback) {
      fake.deregisters.push(call.request);
      callback(null, {});
    },
  };
  const server = createServer();
  server.addService(NodeServiceService, service);
  const address = await listen(server, {
    what: 'fake node service',
    host: '127.0.0.1',
    port: options.port ?? 0,
    insecure: false,
  });
  return Object.assign(fake, {
    address,
    breakStreams() {
      for (const stream of streams) stream.emit('error', { code: status.UNAVAILABLE, details: 'going away' });
    },
    close: () => stopServer(server, 50),
  });
}
