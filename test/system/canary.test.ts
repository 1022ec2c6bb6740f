import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Cluster, startService, type CommandResult, type RunningProcess } from '../support/processes';
import { until } from '../support/until';

/** An algorithm of one's own that is announced, but refuses a parameter's value when it is to be used: what a canary is for. */
const PICKY = `
  exports.algorithm = {
    name: 'picky',
    parameters: ['mood'],
    create(parameters) {
      if (parameters.get('mood') === 'bad') throw new Error('not in this mood');
      return { select: (request, nodes) => nodes[0] };
    },
  };
`;

describe('three SIP planes and a change of their algorithm', () => {
  let cluster: Cluster;
  const planes: RunningProcess[] = [];

  beforeAll(async () => {
    cluster = new Cluster({ set: ['control.canaryWindowMs=1000'] });
    const file = path.join(cluster.stateDir, 'picky.js');
    writeFileSync(file, PICKY);
    const { addresses } = await cluster.startControl();
    const ports = ['external', 'internal'].flatMap((leg) => [`sip.${leg}.udpPort=0`, `sip.${leg}.tcpPort=0`]);
    const shared = [
      ...ports,
      'sip.admin.port=0',
      'log.format=json',
      `cluster.stateDir=${cluster.stateDir}`,
      `cluster.controlPlanes=["${addresses['grpc']}"]`,
      `cluster.algorithms=["${file}"]`,
    ];
    const ids = ['sip-1', 'sip-2', 'sip-3'];
    planes.push(
      ...(await Promise.all(ids.map((id) => startService('sip-plane', { set: [...shared, `sip.planeId=${id}`] })))),
    );
    await until('all are connected', async () => (await states()).join() === 'CONNECTED,CONNECTED,CONNECTED');
  }, 60_000);

  afterAll(async () => {
    await Promise.all(planes.map((plane) => plane.stop('SIGKILL')));
    await cluster.close();
  });

  interface Plane {
    readonly planeId: string;
    readonly state: string;
    readonly acked: number | null;
    readonly sent: number | null;
    readonly rejections: readonly string[];
  }
  const listed = async (): Promise<readonly Plane[]> =>
    (JSON.parse((await cluster.command('planes', '--json')).stdout) as { planes: readonly Plane[] }).planes;
  const states = async (): Promise<string[]> => (await listed()).map(({ state }) => state);
  const set = (...args: readonly string[]): Promise<CommandResult> =>
    cluster.command('algorithm', 'set', 'sip', ...args);
  interface Routing {
    readonly algorithms: readonly { readonly algorithm: string }[];
    readonly canaries: readonly { readonly algorithm: string; readonly planes: readonly string[] }[];
  }
  const routing = async (): Promise<Routing> =>
    JSON.parse((await cluster.command('algorithm', 'get', 'sip', '--json')).stdout) as Routing;
  const inForce = async (): Promise<string | undefined> => (await routing()).algorithms[0]?.algorithm;
  const pushes = async (): Promise<number> => {
    const text = await (await fetch(`http://${cluster.control.addresses['http']}/metrics`)).text();
    return Number(/^triplane_control_planes_pushes_total (\d+)$/m.exec(text)?.[1]);
  };

  it('refuse a bad name or parameter with its reason before any plane hears of it', async () => {
    const before = await pushes();
    expect(await set('fastest')).toMatchObject({ status: 1, stderr: expect.stringContaining('fastest') as string });
    expect(await set('round-robin', '--param', 'speed=9')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/speed/) as string,
    });
    expect(await pushes()).toBe(before);
    expect(await inForce()).toBe('call-id-affinity');
  }, 40_000);

  it('go back by themselves when the one that tries it rejects it, and the others never see it', async () => {
    expect(await set('picky', '--param', 'mood=bad', '--canary', '1')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('on trial at sip-') as string,
    });
    await until('the trial has ended', async () => (await routing()).canaries.length === 0, 20_000);
    expect(await inForce()).toBe('call-id-affinity');
    await until('every plane has what is in force', async () =>
      (await listed()).every(({ acked, sent, rejections }) => acked === sent && rejections.length === 0),
    );
    expect(planes.filter((plane) => plane.output().includes('not in this mood'))).toHaveLength(1);
    expect(cluster.control.output()).toMatch(/not in this mood.*its planes go back to the old one/);
  }, 60_000);

  it('all take one that its trial liked, and a rollback brings the old one back', async () => {
    expect(await set('picky', '--param', 'mood=good', '--canary', '1')).toMatchObject({ status: 0 });
    await until('its window is over', async () => (await routing()).canaries.length === 0, 20_000);
    expect(await inForce()).toBe('picky');
    expect(await cluster.command('algorithm', 'rollback', 'sip')).toMatchObject({ status: 0 });
    expect(await inForce()).toBe('call-id-affinity');
    await until('every plane has it', async () => (await listed()).every(({ acked, sent }) => acked === sent));
  }, 60_000);
});
