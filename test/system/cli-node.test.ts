import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Cluster, TRIPLANE, startProgram, type RunningProcess } from '../support/processes';
import { until } from '../support/until';

/** A SIP server that answers everything with 200 while it is told to. */
async function sipServer(): Promise<{ socket: Socket; port: number; answers: boolean }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const server = { socket, port: socket.address().port, answers: true };
  socket.on('message', (data, from) => {
    if (!server.answers) return;
    const headers = data.toString('latin1').split('\r\n').slice(1);
    socket.send(['SIP/2.0 200 OK', ...headers].join('\r\n'), from.port, from.address);
  });
  return server;
}

const started: RunningProcess[] = [];
afterEach(async () => {
  const left = started.splice(0).filter((running) => running.exitCode() === undefined);
  await Promise.all(left.map((running) => running.stop('SIGKILL')));
});

/** A program that a failed test does not leave behind. */
function program(args: readonly string[]): RunningProcess {
  const running = startProgram(process.execPath, args);
  started.push(running);
  return running;
}

describe('triplane node', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = new Cluster();
    await cluster.startControl();
  }, 60_000);

  afterAll(() => cluster.close());

  it('registers what it was told, prints each state, and gives the lease up on SIGTERM', async () => {
    const agent = await cluster.startNode('app1', '--sip-udp', '5080', '--weight', '7', '--label', 'zone=a');
    const { stdout } = await cluster.command('nodes', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ nodes: [{ nodeId: 'app1', weight: 7, labels: { zone: 'a' } }] });
    await until('it says so', () => agent.output().includes('app1: ACTIVE\n'));
    await cluster.command('drain', 'app1');
    await until(
      'it says so',
      () => agent.output().includes('app1: DRAINING\n') || agent.output().includes('MAINTENANCE'),
    );
    await agent.stop();
    expect(agent.exitCode()).toBe(0);
    await cluster.command('remove', 'app1');
    expect((await cluster.nodes()).size).toBe(0);
  }, 30_000);

  it('--probe: registered exactly while the server answers', async () => {
    const server = await sipServer();
    const agent = await cluster.startNode(
      'app2',
      ...`--sip-udp ${server.port} --probe --probe-interval 100 --probe-timeout 100`.split(' '),
    );
    server.answers = false;
    await until('its lease is given up', async () => (await cluster.nodeState('app2')) === undefined);
    server.answers = true;
    await until('it is back', async () => (await cluster.nodeState('app2')) === 'ACTIVE');
    await agent.stop();
    server.socket.close();
    expect(await cluster.nodeState('app2')).toBeUndefined();
  }, 30_000);

  it('nodes --watch goes on when the control plane was away', async () => {
    const admin = cluster.control.addresses['admin'] ?? '';
    const watch = program([...TRIPLANE, 'nodes', '--watch', '--json', '--admin', admin]);
    await until('it has the list', () => watch.output().includes('"revision"'));
    await cluster.control.stop('SIGKILL');
    await until('it says that it waits', () => watch.output().includes('waiting for it to come back'));
    const before = watch.output().split('"revision"').length;
    await cluster.startControl();
    await until('it has the list anew', () => watch.output().split('"revision"').length > before, 20_000);
    expect(watch.exitCode()).toBeUndefined();
    await watch.stop();
  }, 60_000);

  it('starts before the control plane and waits for it', async () => {
    const agent = program([
      ...TRIPLANE,
      ...'node --id app3 --address 127.0.0.1 --http 8080 --json --set cluster.controlPlanes=["127.0.0.1:9"]'.split(' '),
    ]);
    await until('it says that it waits', () => agent.output().includes('trying until one answers'));
    expect(agent.exitCode()).toBeUndefined();
    await agent.stop();
    expect(agent.exitCode()).toBe(0);
  }, 30_000);
});
