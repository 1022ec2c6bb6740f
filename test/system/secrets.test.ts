import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import {
  Endpoint,
  Node,
  NodeServiceClient,
  PlaneServiceClient,
  Protocol,
  RegisterRequest,
  Transport,
} from '../../proto';
import { systemClock } from '../../runtime/clock';
import { Dialer, callUnary } from '../../runtime/grpc';
import { newToken, tokenLine, type Role } from '../../runtime/identity';
import { silentLogger } from '../../runtime/logger';
import { TestCa } from '../support/certificates';
import { FakePlane } from '../support/fake-plane';
import { describeWith } from '../support/peer';
import { Cluster, TRIPLANE, startProgram, type RunningProcess } from '../support/processes';
import { until } from '../support/until';

describeWith('openssl', 'a cluster with certificates, passphrases and tokens', () => {
  const programs: RunningProcess[] = [];
  let ca: TestCa;
  let cluster: Cluster;
  /** What must never be seen, by what it is. */
  const secrets = new Map<string, string>();
  const tokenFiles = new Map<Role, string>();

  const makeToken = (role: Role, id: string): string => {
    const token = newToken();
    secrets.set(`token of ${role}`, token);
    tokenFiles.set(role, ca.file(`${role}.token`, `${token}\n`));
    return tokenLine(token, { role, id, prefix: true });
  };
  /** As an operator or a node would call it, to its end or until something is there. */
  const run = (role: Role, ...args: string[]): RunningProcess => {
    const set = [`cluster.tls.caFile=${ca.caFile}`, `cluster.tokenFile=${tokenFiles.get(role)}`, 'log.level=trace'];
    const program = startProgram(process.execPath, [...TRIPLANE, ...args, ...set.flatMap((one) => ['--set', one])]);
    programs.push(program);
    return program;
  };

  beforeAll(async () => {
    ca = new TestCa();
    const lines = (['node', 'plane', 'operator', 'viewer'] as const).map((role) => makeToken(role, ''));
    const tokens = ca.file('tokens', `${lines.join('\n')}\n`);
    const { certFile, keyFile } = ca.issue('control');
    secrets.set('passphrase', 'open-sesame-4711');
    secrets.set('key', (readFileSync(keyFile, 'utf8').split('\n')[1] ?? '').slice(0, 40));
    const tls = {
      certFile,
      keyFile: ca.encryptedKey(keyFile, 'open-sesame-4711'),
      passphraseFile: ca.file('passphrase', 'open-sesame-4711\n'),
      caFile: ca.caFile,
      clientCertificates: 'want',
    };
    cluster = new Cluster({
      set: [
        'log.level=trace',
        `control.grpc.tls=${JSON.stringify(tls)}`,
        `control.auth.tokensFile=${tokens}`,
        `cluster.tls.caFile=${ca.caFile}`,
        `cluster.tokenFile=${tokenFiles.get('plane')}`,
      ],
    });
    await cluster.start();
  }, 60_000);

  afterAll(async () => {
    await Promise.all(programs.filter((one) => one.exitCode() === undefined).map((one) => one.stop('SIGKILL')));
    await cluster.close();
    ca.close();
  });

  it('shows none of its secrets, whatever happens to it', async () => {
    const grpc = cluster.control.addresses['grpc'] ?? '';
    const admin = ['--admin', cluster.control.addresses['admin'] ?? ''];
    await learnSecrets(grpc);
    const node = run(
      'node',
      'node',
      '--id',
      'app1',
      '--address',
      '127.0.0.1',
      '--sip-udp',
      '5080',
      '--set',
      `cluster.controlPlanes=["${grpc}"]`,
    );
    await until('the node is ACTIVE', () => node.output().includes('ACTIVE'), 30_000);
    const commands = [
      run('viewer', 'nodes', '--json', ...admin),
      run('viewer', 'planes', '--json', ...admin),
      run('viewer', 'stats', '--all', '--json', ...admin),
      run('viewer', 'algorithm', 'get', '--json', ...admin),
      run('viewer', 'drain', 'app1', ...admin),
      run('operator', 'drain', 'app1', ...admin),
      run('node', 'nodes', ...admin),
      run('operator', 'algorithm', 'set', 'sip', 'header-hash', ...admin),
    ];
    await Promise.all(commands.map(ended));
    expect(commands.map((command) => command.exitCode())).toEqual([0, 0, 0, 0, 1, 0, 1, 0]);
    const { control, sip, http, smpp } = cluster;
    await until('the refusal is logged', () => control.output().includes('ROLE_DENIED'));
    expect(control.output()).toContain('"who":"operator/*"');
    const pages = await Promise.all([
      ...['/lbinfo', '/lbstat', '/metrics', '/readyz'].map((page) =>
        text(`http://${control.addresses['http']}${page}`),
      ),
      ...[sip, http, smpp].flatMap(({ addresses }) =>
        ['/metrics', '/readyz'].map((page) => text(`http://${addresses['admin']}${page}`)),
      ),
    ]);
    await Promise.all([control, sip, http, smpp].map((service) => service.stop()));
    await node.stop();
    const seen = [...pages, ...[control, sip, http, smpp, ...programs].map(({ output }) => output())].join('\n');
    expect(seen.length).toBeGreaterThan(1000);
    const shown = [...secrets].filter(([, secret]) => seen.includes(secret)).map(([what]) => what);
    expect(shown).toEqual([]);
    expect(seen).not.toMatch(/PRIVATE KEY|\btp_|Bearer /);
  }, 120_000);

  it('keeps the files that hold the keys of hints for its own user', () => {
    const files = readdirSync(cluster.stateDir).map((name) => path.join(cluster.stateDir, name));
    expect(files).not.toEqual([]);
    expect(files.filter((file) => (statSync(file).mode & 0o077) !== 0)).toEqual([]);
  });

  /** The keys of hints, as planes get them, and the lease of a node. */
  async function learnSecrets(grpc: string): Promise<void> {
    const shared = { clock: systemClock, logger: silentLogger() };
    const dialers = (['plane', 'node'] as const).map(
      (role) =>
        new Dialer({
          ...shared,
          settings: { insecure: false, tls: { caFile: ca.caFile }, tokenFile: tokenFiles.get(role) },
        }),
    );
    const planes = dialers[0]?.client(PlaneServiceClient, grpc) as PlaneServiceClient;
    const nodes = dialers[1]?.client(NodeServiceClient, grpc) as NodeServiceClient;
    const plane = new FakePlane(planes, { planeId: 'spy' });
    await until('the snapshot is there', () => plane.got.length > 0);
    const { content } = plane.last;
    const keys = content?.$case === 'snapshot' ? (content.value.settings?.hintKeys ?? []) : [];
    expect(keys.length).toBeGreaterThan(0);
    for (const { secret } of keys) {
      for (const form of ['hex', 'base64', 'base64url'] as const)
        secrets.set(`hint key as ${form}`, secret.toString(form));
    }
    const endpoints = [
      Endpoint.create({ protocol: Protocol.HTTP, transport: Transport.TCP, host: '127.0.0.1', port: 80 }),
    ];
    const request = RegisterRequest.create({ node: Node.create({ nodeId: 'spy', incarnation: 'i', endpoints }) });
    secrets.set('lease', (await callUnary(nodes, nodes.register, request)).leaseId);
    plane.close();
    for (const one of [planes, nodes, ...dialers]) one.close();
  }
});

function ended(program: RunningProcess): Promise<unknown> {
  return until('the command ends', () => program.exitCode() !== undefined, 30_000);
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}
