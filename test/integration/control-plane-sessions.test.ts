import { status } from '@grpc/grpc-js';
import {
  Assignment,
  BindSessionRequest,
  Endpoint,
  Node,
  Protocol,
  RegisterRequest,
  ReportAssignmentsRequest,
  SwitchoverRequest,
  Transport,
  WatchAssignmentsRequest,
  fromMs,
  type WatchAssignmentsResponse,
} from '../../proto';
import { callUnary } from '../../runtime/grpc';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { until } from '../support/until';

let control: TestControlPlane;
const streams: { cancel(): void }[] = [];

beforeEach(async () => {
  control = await startTestControlPlane();
});

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.cancel();
  await control.close();
});

async function register(nodeId: string, jvmRoute = ''): Promise<string> {
  const endpoint = Endpoint.create({
    protocol: Protocol.HTTP,
    transport: Transport.TCP,
    host: '127.0.0.1',
    port: 8080,
  });
  const node = Node.create({ nodeId, incarnation: 'i1', endpoints: [endpoint], jvmRoute });
  return (await callUnary(control.nodes, control.nodes.register, RegisterRequest.create({ node }))).leaseId;
}

function bind(rest: Partial<BindSessionRequest>): Promise<unknown> {
  return callUnary(control.nodes, control.nodes.bindSession, BindSessionRequest.create({ keys: ['k'], ...rest }));
}

function watch(): WatchAssignmentsResponse[] {
  const got: WatchAssignmentsResponse[] = [];
  const stream = control.planes.watchAssignments(WatchAssignmentsRequest.create({ planeId: 'p1' }));
  stream.on('data', (response: WatchAssignmentsResponse) => void got.push(response));
  stream.on('error', () => undefined);
  streams.push(stream);
  return got;
}

const held = (got: readonly WatchAssignmentsResponse[]): Record<string, string> =>
  Object.fromEntries(got.flatMap(({ assignments }) => assignments).map(({ key, nodeId }) => [key, nodeId]));
const moved = (got: readonly WatchAssignmentsResponse[]): Record<string, string> =>
  Object.fromEntries(got.flatMap(({ moves }) => moves).map((move) => [move.fromNodeId, move.toNodeId]));

describe('a node', () => {
  it('pins sessions to itself or to another, and planes are told, late ones too', async () => {
    const leaseId = await register('app1');
    await register('app2');
    const early = watch();
    await until('the plane is heard', () => early.length === 1);
    await bind({ leaseId, keys: ['alice', 'bob'] });
    await bind({ leaseId, nodeId: 'app2', keys: ['carol'], ttl: fromMs(60_000) });
    const all = { alice: 'app1', bob: 'app1', carol: 'app2' };
    await until('the plane knows all', () => Object.keys(held(early)).length === 3);
    expect(held(early)).toEqual(all);
    const late = watch();
    await until('the late plane knows all', () => Object.keys(held(late)).length === 3);
    expect(held(late)).toEqual(all);
  });

  it('hands the sessions of a jvmRoute to another', async () => {
    const leaseId = await register('app1', 'r1');
    await register('app2');
    await bind({ leaseId, keys: ['alice'] });
    const got = watch();
    const request = SwitchoverRequest.create({ leaseId, fromJvmRoute: 'r1', toJvmRoute: 'app2' });
    await callUnary(control.nodes, control.nodes.switchover, request);
    await until('the plane is told', () => moved(got)['app1'] === 'app2');
    await until('the pinned key went along', () => held(got)['alice'] === 'app2');
  });

  it.each<[string, Partial<BindSessionRequest>, status]>([
    ['without a lease', { leaseId: 'none' }, status.NOT_FOUND],
    ['to a node that is not there', { nodeId: 'ghost' }, status.NOT_FOUND],
    ['no keys', { keys: [] }, status.INVALID_ARGUMENT],
    ['an empty key', { keys: [''] }, status.INVALID_ARGUMENT],
    ['too long a key', { keys: ['x'.repeat(257)] }, status.INVALID_ARGUMENT],
    ['for no time', { ttl: fromMs(0) }, status.INVALID_ARGUMENT],
  ])('may not bind %s', async (_what, rest, code) => {
    const leaseId = await register('app1');
    await expect(bind({ leaseId, ...rest })).rejects.toMatchObject({ code });
  });

  it('may not hand over from or to a route that nobody has', async () => {
    const leaseId = await register('app1');
    const request = SwitchoverRequest.create({ leaseId, fromJvmRoute: 'app1', toJvmRoute: 'ghost' });
    await expect(callUnary(control.nodes, control.nodes.switchover, request)).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });
});

describe('a plane', () => {
  it('shares its assignments with the others; those of unknown nodes are left out', async () => {
    await register('app1');
    const got = watch();
    const assignments = [
      Assignment.create({ key: 'alice', nodeId: 'app1', ttl: fromMs(60_000) }),
      Assignment.create({ key: 'bob', nodeId: 'ghost' }),
    ];
    const request = ReportAssignmentsRequest.create({ planeId: 'p2', assignments });
    await callUnary(control.planes, control.planes.reportAssignments, request);
    await until('the other plane is told', () => held(got)['alice'] === 'app1');
    expect(held(got)).toEqual({ alice: 'app1' });
  });
});
