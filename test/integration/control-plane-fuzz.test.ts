import { connect } from 'node:net';
import { DeregisterRequest, ListNodesRequest } from '../../proto';
import { callUnary } from '../../runtime/grpc';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { randomBytes, seededRandom } from '../support/seeded-random';

let control: TestControlPlane;

beforeEach(async () => {
  control = await startTestControlPlane({ set: ['control.jsonHeartbeat.port=0'] });
});

afterEach(() => control.close());

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Sends bytes and waits until the connection is over, however it ends. */
function throwAt(address: string, bytes: Buffer): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    socket.setTimeout(200, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume();
    socket.end(bytes);
  });
}

describe.each(['grpc', 'admin', 'http', 'heartbeat'])('the listener %s', (name) => {
  it.each([1, 2, 3])('outlives random bytes (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const address = control.service.addresses[name] ?? '';
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 10 }, (_, i) => {
          const junk = randomBytes(random, 1 + Math.floor(random() * 2000));
          return throwAt(address, i % 2 === 0 ? junk : Buffer.concat([PREFACE, junk]));
        }),
      );
    }
    expect((await control.page('/healthz')).status).toBe(200);
    const { nodes } = await callUnary(control.admin, control.admin.listNodes, ListNodesRequest.create({}));
    expect(nodes).toEqual([]);
    await callUnary(control.nodes, control.nodes.deregister, DeregisterRequest.create({ leaseId: 'none' }));
  });
});
