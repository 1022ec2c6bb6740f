import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeWith } from '../support/peer';
import { TRIPLANE, startProgram, startService, type RunningProcess } from '../support/processes';
import { until } from '../support/until';

const GUIDE = path.resolve(__dirname, '../../docs/security.md');

async function resultOf(program: RunningProcess): Promise<{ code: number | undefined; output: string }> {
  await until('the command ends', () => program.exitCode() !== undefined, 30_000);
  return { code: program.exitCode(), output: program.output() };
}

describeWith('openssl', 'a cluster set up as docs/security.md says', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-doors-'));
  const processes: RunningProcess[] = [];
  let control: RunningProcess;
  let sip: RunningProcess;

  const tlsOf = (name: string): string =>
    JSON.stringify({
      certFile: path.join(folder, `${name}.pem`),
      keyFile: path.join(folder, `${name}.key`),
      caFile: path.join(folder, 'ca.pem'),
    });
  const at = (listener: string): string => control.addresses[listener] ?? '';
  /** `triplane ARGS` with the certificate of that name. */
  const triplaneAs = (name: string, ...args: string[]): RunningProcess => {
    const set = [`cluster.tls=${tlsOf(name)}`, `cluster.controlPlanes=["${at('grpc')}"]`];
    const options = [...set.flatMap((one) => ['--set', one]), '--admin', at('admin')];
    const program = startProgram(process.execPath, [...TRIPLANE, ...args, ...options]);
    processes.push(program);
    return program;
  };

  beforeAll(async () => {
    const [, recipe = ''] = /```\n(openssl req -x509[\s\S]*?)```/.exec(readFileSync(GUIDE, 'utf8')) ?? [];
    const script = recipe.replaceAll('10.0.0.10', '127.0.0.1');
    const made = spawnSync('sh', ['-e', '-c', script], { cwd: folder, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(made.stderr);
    const tls = JSON.stringify({ ...(JSON.parse(tlsOf('control')) as object), clientCertificates: 'required' });
    const free = ['grpc', 'admin', 'http'].map((name) => `control.${name}.port=0`);
    control = await startService('control-plane', { set: ['log.format=json', `control.grpc.tls=${tls}`, ...free] });
    const ports = ['external', 'internal'].flatMap((leg) => [`sip.${leg}.udpPort=0`, `sip.${leg}.tcpPort=0`]);
    const cluster = [`cluster.tls=${tlsOf('sip-1')}`, `cluster.controlPlanes=["${at('grpc')}"]`];
    const own = ['sip.planeId=sip-1', 'sip.admin.port=0', `cluster.stateDir=${folder}`, 'log.format=json'];
    sip = await startService('sip-plane', { set: [...cluster, ...ports, ...own] });
    processes.push(control, sip);
  }, 60_000);

  afterAll(async () => {
    await Promise.all(processes.filter((one) => one.exitCode() === undefined).map((one) => one.stop('SIGKILL')));
    rmSync(folder, { recursive: true, force: true });
  });

  it('lets the plane, the node and the operator in, each as who its certificate says', async () => {
    const node = triplaneAs('app1', 'node', '--id', 'app1', '--address', '127.0.0.1', '--sip-udp', '5080');
    await until('the node is ACTIVE', () => node.output().includes('app1: ACTIVE'), 20_000);
    await until('the plane has state', async () => (await fetch(`http://${sip.addresses['admin']}/readyz`)).ok);
    const planes = await resultOf(triplaneAs('alice', 'planes', '--json'));
    expect(planes).toMatchObject({ code: 0, output: expect.stringContaining('"sip-1"') as string });
    expect(await resultOf(triplaneAs('alice', 'drain', 'app1'))).toMatchObject({ code: 0 });
    expect(control.output()).toMatch(/"audit":"drain","who":"operator\/alice"/);
  }, 60_000);

  it('turns away a stolen node id, a node that drains and a plane that lists, each with an audit line', async () => {
    const thief = triplaneAs('app1', 'node', '--id', 'app2', '--address', '127.0.0.1', '--sip-udp', '5081');
    expect(await resultOf(thief)).toMatchObject({
      code: 1,
      output: expect.stringContaining('does not take node app2: node/app1 may not speak for node "app2"') as string,
    });
    const drain = await resultOf(triplaneAs('app1', 'drain', 'app1'));
    expect(drain).toMatchObject({ code: 1, output: expect.stringContaining('says PERMISSION_DENIED') as string });
    expect(await resultOf(triplaneAs('sip-1', 'nodes'))).toMatchObject({ code: 1 });
    const denied = [...control.output().matchAll(/"audit":"denied","who":"([^"]+)".*?"reason":"(\w+)"/g)];
    expect(denied.map(([, who, reason]) => `${who} ${reason}`).toSorted()).toEqual([
      'node/app1 ID_DENIED',
      'node/app1 ROLE_DENIED',
      'plane/sip-1 ROLE_DENIED',
    ]);
  }, 60_000);

  it('says why a handshake failed: a control plane that is not trusted, and one that wants TLS', async () => {
    const set = ['--set', `cluster.tls.caFile=${path.join(folder, 'sip-1.pem')}`];
    const foreign = startProgram(process.execPath, [...TRIPLANE, 'nodes', '--admin', at('admin'), ...set]);
    const plain = startProgram(process.execPath, [...TRIPLANE, 'nodes', '--admin', at('admin')]);
    processes.push(foreign, plain);
    expect((await resultOf(foreign)).output).toMatch(
      /^triplane: CONTROL_PLANE_UNREACHABLE: no TLS with [\d.:]+: .*certificate/,
    );
    expect((await resultOf(plain)).output).toMatch(
      /does not answer plain-text gRPC; if it speaks TLS, configure cluster\.tls/,
    );
  }, 60_000);
});
