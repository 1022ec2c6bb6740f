import { status, type ServiceError } from '@grpc/grpc-js';
import {
  DeregisterRequest,
  DrainNodeRequest,
  Endpoint,
  HeartbeatRequest,
  KeepAliveRequest,
  ListNodesRequest,
  Node,
  Protocol,
  RegisterRequest,
  ReportStatsRequest,
  Transport,
  type RegisterResponse,
} from '../../proto';
import { callUnary, errorReason } from '../../runtime/grpc';
import { newToken, tokenLine, type Role } from '../../runtime/identity';
import { TestCa } from '../support/certificates';
import { FakePlane } from '../support/fake-plane';
import { describeWith } from '../support/peer';
import { startSecuredControlPlane, type Caller, type SecuredControlPlane } from '../support/secured-control-plane';
import { until } from '../support/until';

let control: SecuredControlPlane | undefined;

afterEach(async () => {
  await control?.close();
  control = undefined;
});

function node(nodeId: string): RegisterRequest {
  const endpoint = Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 });
  return RegisterRequest.create({ node: Node.create({ nodeId, incarnation: 'i1', endpoints: [endpoint] }) });
}

const register = ({ nodes }: Caller, nodeId: string): Promise<RegisterResponse> =>
  callUnary(nodes, nodes.register, node(nodeId));
const list = ({ admin }: Caller): Promise<unknown> => callUnary(admin, admin.listNodes, ListNodesRequest.create({}));
const drain = ({ admin }: Caller, nodeId: string): Promise<unknown> =>
  callUnary(admin, admin.drainNode, DrainNodeRequest.create({ nodeId }));

/** What a refused call must look like to the caller. */
async function expectDenied(call: Promise<unknown>, code: status, reason: string): Promise<void> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(status[(error as ServiceError | undefined)?.code ?? 0]).toBe(status[code]);
  expect(errorReason(error)?.reason).toBe(reason);
}

/** And what it must look like to the operator. */
function expectAudit(facts: Readonly<Record<string, unknown>>): void {
  expect(control?.log.lines).toContainEqual(expect.objectContaining({ audit: 'denied', ...facts }));
}

describeWith('openssl', 'a control plane that asks for certificates', () => {
  let ca: TestCa;
  beforeAll(() => {
    ca = new TestCa();
  });
  afterAll(() => ca.close());

  const start = async (): Promise<SecuredControlPlane> => {
    const { certFile, keyFile } = ca.issue('control');
    const tls = { certFile, keyFile, caFile: ca.caFile, clientCertificates: 'required' };
    control = await startSecuredControlPlane([`control.grpc.tls=${JSON.stringify(tls)}`]);
    return control;
  };
  const as = (identity: string, trustDomain?: string): Caller =>
    (control as SecuredControlPlane).as({ tls: { ...ca.identity(identity, trustDomain), caFile: ca.caFile } });

  it('lets each role do its work', async () => {
    await start();
    const app1 = as('node/app1');
    const { leaseId } = await register(app1, 'app1');
    await callUnary(app1.nodes, app1.nodes.heartbeat, HeartbeatRequest.create({ leaseId }));
    const plane = new FakePlane(as('plane/p1').planes, { planeId: 'p1' });
    await until('the snapshot is there', () => plane.got.length === 1);
    plane.close();
    await list(as('viewer/victor'));
    await drain(as('operator/alice'), 'app1');
    expect(control?.log.lines).toContainEqual(
      expect.objectContaining({ audit: 'drain', who: 'operator/alice', node: 'app1' }),
    );
    await callUnary(app1.nodes, app1.nodes.deregister, DeregisterRequest.create({ leaseId }));
  });

  it('refuses who has no certificate, and who has one of another CA', async () => {
    const { as: dial } = await start();
    await expectDenied(
      register(dial({ tls: { caFile: ca.caFile } }), 'app1'),
      status.UNAUTHENTICATED,
      'CERTIFICATE_MISSING',
    );
    const stranger = new TestCa('stranger');
    const foreign = dial({ tls: { ...stranger.identity('operator/mallory'), caFile: ca.caFile } });
    await expectDenied(drain(foreign, 'app1'), status.UNAUTHENTICATED, 'CERTIFICATE_MISSING');
    stranger.close();
    expectAudit({ who: 'unknown', method: 'triplane.v1.AdminService/DrainNode', status: 'UNAUTHENTICATED' });
  });

  it('refuses a certificate that has ended, and one that names nobody of this trust domain', async () => {
    const { as: dial } = await start();
    const ended = ca.issue('app1', { names: ['URI:spiffe://triplane/node/app1'], days: -1 });
    const old = dial({ tls: { ...ended, caFile: ca.caFile } });
    await expectDenied(register(old, 'app1'), status.UNAUTHENTICATED, 'CERTIFICATE_MISSING');
    await expectDenied(register(as('node/app1', 'elsewhere'), 'app1'), status.UNAUTHENTICATED, 'IDENTITY_UNKNOWN');
    const nameless = dial({ tls: { ...ca.issue('app1'), caFile: ca.caFile } });
    await expectDenied(register(nameless, 'app1'), status.UNAUTHENTICATED, 'IDENTITY_UNKNOWN');
    const method = 'triplane.v1.NodeService/Register';
    expectAudit({ who: 'unknown', method, reason: 'CERTIFICATE_MISSING', status: 'UNAUTHENTICATED' });
    expectAudit({ who: 'unknown', method, reason: 'IDENTITY_UNKNOWN', status: 'UNAUTHENTICATED' });
  });

  it('refuses a stolen node id, whether it registers or uses the lease', async () => {
    await start();
    const { leaseId } = await register(as('node/app1'), 'app1');
    const thief = as('node/app2');
    await expectDenied(register(thief, 'app1'), status.PERMISSION_DENIED, 'ID_DENIED');
    expectAudit({
      who: 'node/app2',
      status: 'PERMISSION_DENIED',
      reason: 'ID_DENIED',
      peer: expect.stringContaining('127.0.0.1') as string,
    });
    const heartbeat = callUnary(thief.nodes, thief.nodes.heartbeat, HeartbeatRequest.create({ leaseId }));
    await expectDenied(heartbeat, status.PERMISSION_DENIED, 'ID_DENIED');
    const leave = callUnary(thief.nodes, thief.nodes.deregister, DeregisterRequest.create({ leaseId }));
    await expectDenied(leave, status.PERMISSION_DENIED, 'ID_DENIED');
    const stream = thief.nodes.keepAlive();
    let ended: ServiceError | undefined = undefined;
    stream.on('error', (error: ServiceError) => void (ended = error));
    stream.write(KeepAliveRequest.create({ leaseId }));
    const error = await until('the stream ends', () => ended);
    expect(error).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(await control?.page('/lbinfo')).toContain('"app1"');
  });

  it('refuses a stolen plane id on its first message, and sends it nothing', async () => {
    await start();
    const plane = new FakePlane(as('plane/p2').planes, { planeId: 'p1' });
    const error = await until('the stream ends', () => plane.error);
    expect(error).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(plane.got).toEqual([]);
    const report = as('plane/p2').planes.reportStats();
    let ended: ServiceError | undefined = undefined;
    report.on('error', (thrown: ServiceError) => void (ended = thrown));
    report.write(ReportStatsRequest.create({ planeId: 'p1', protocol: Protocol.SIP }));
    expect(await until('the report ends', () => ended)).toMatchObject({ code: status.PERMISSION_DENIED });
    expectAudit({ who: 'plane/p2', method: 'triplane.v1.PlaneService/ReportStats' });
  });

  it('refuses a viewer that tries to drain, a node that subscribes and an operator that registers', async () => {
    await start();
    await register(as('node/app1'), 'app1');
    await expectDenied(drain(as('viewer/victor'), 'app1'), status.PERMISSION_DENIED, 'ROLE_DENIED');
    expectAudit({ who: 'viewer/victor', method: 'triplane.v1.AdminService/DrainNode', reason: 'ROLE_DENIED' });
    await expectDenied(register(as('operator/alice'), 'alice'), status.PERMISSION_DENIED, 'ROLE_DENIED');
    await expectDenied(list(as('plane/p1')), status.PERMISSION_DENIED, 'ROLE_DENIED');
    const plane = new FakePlane(as('node/p1').planes, { planeId: 'p1' });
    expect(await until('the stream ends', () => plane.error)).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(await control?.page('/lbinfo')).toContain('"ACTIVE"');
  });

  it('does not answer plain text', async () => {
    const { as: dial } = await start();
    await expect(register(dial({}), 'app1')).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it('counts those it turned away', async () => {
    await start();
    await expectDenied(drain(as('viewer/victor'), 'app1'), status.PERMISSION_DENIED, 'ROLE_DENIED');
    expect(await control?.page('/metrics')).toContain('triplane_control_denied_ROLE_DENIED_total 1');
  });
});

describeWith('openssl', 'a control plane that asks for tokens', () => {
  let files: TestCa;
  beforeAll(() => {
    files = new TestCa();
  });
  afterAll(() => files.close());

  let made = 0;
  const tokenFor = (role: Role, id: string, prefix = false): { line: string; tokenFile: string } => {
    const token = newToken();
    const tokenFile = files.file(`token-${(made += 1)}`, `${token}\n`);
    return { line: tokenLine(token, { role, id, prefix }), tokenFile };
  };
  const start = (lines: readonly string[], ...set: string[]): Promise<SecuredControlPlane> =>
    startSecuredControlPlane([
      `control.auth.tokensFile=${files.file('tokens', `# who\n${lines.join('\n')}\n`)}`,
      ...set,
    ]);

  it('lets known tokens do the work of their role under their ids', async () => {
    const app = tokenFor('node', 'app', true);
    const alice = tokenFor('operator', 'alice');
    control = await start([app.line, alice.line]);
    await register(control.as(app), 'app7');
    await expectDenied(register(control.as(app), 'web1'), status.PERMISSION_DENIED, 'ID_DENIED');
    await drain(control.as(alice), 'app7');
    expect(control.log.lines).toContainEqual(expect.objectContaining({ audit: 'drain', who: 'operator/alice' }));
  });

  it('refuses a forged token and no token, with a line for the operator that holds neither', async () => {
    control = await start([tokenFor('operator', 'alice').line]);
    const forged = tokenFor('operator', 'alice');
    await expectDenied(drain(control.as(forged), 'app1'), status.UNAUTHENTICATED, 'TOKEN_UNKNOWN');
    await expectDenied(drain(control.as({}), 'app1'), status.UNAUTHENTICATED, 'CREDENTIALS_MISSING');
    expectAudit({ reason: 'TOKEN_UNKNOWN', who: 'unknown', method: 'triplane.v1.AdminService/DrainNode' });
    expectAudit({ reason: 'CREDENTIALS_MISSING' });
    expect(control.log.text()).not.toContain('tp_');
  });

  it('takes new tokens and ends the streams of those that are gone, while the others go on', async () => {
    const app1 = tokenFor('node', 'app1');
    const app2 = tokenFor('node', 'app2');
    control = await start([app1.line]);
    const { leaseId } = await register(control.as(app1), 'app1');
    await expectDenied(register(control.as(app2), 'app2'), status.UNAUTHENTICATED, 'TOKEN_UNKNOWN');
    const stream = control.as(app1).nodes.keepAlive();
    let ended: ServiceError | undefined = undefined;
    let answers = 0;
    stream.on('error', (error: ServiceError) => void (ended = error));
    stream.on('data', () => (answers += 1));
    stream.write(KeepAliveRequest.create({ leaseId }));
    await until('the stream runs', () => answers > 0);
    files.file('tokens', `${app1.line}\n${app2.line}\n`);
    process.emit('SIGHUP', 'SIGHUP');
    await register(control.as(app2), 'app2');
    stream.write(KeepAliveRequest.create({ leaseId }));
    await until('the stream still runs', () => answers > 1);
    files.file('tokens', 'not a line\n');
    process.emit('SIGHUP', 'SIGHUP');
    await register(control.as(app2), 'app2');
    files.file('tokens', `${app2.line}\n`);
    process.emit('SIGHUP', 'SIGHUP');
    expect(await until('the stream ends', () => ended)).toMatchObject({ code: status.UNAUTHENTICATED });
    expectAudit({ reason: 'TOKEN_WITHDRAWN', who: 'node/app1' });
  });

  it('does not look at a token that came with a missing certificate which is required', async () => {
    const alice = tokenFor('operator', 'alice');
    const tls = { ...files.issue('control'), caFile: files.caFile, clientCertificates: 'required' };
    control = await start([alice.line], `control.grpc.tls=${JSON.stringify(tls)}`);
    const caller = control.as({ ...alice, tls: { caFile: files.caFile } });
    await expectDenied(drain(caller, 'app1'), status.UNAUTHENTICATED, 'CERTIFICATE_MISSING');
  });

  it('takes tokens over TLS beside certificates that are only wanted', async () => {
    const alice = tokenFor('operator', 'alice');
    const tls = { ...files.issue('control'), caFile: files.caFile, clientCertificates: 'want' };
    control = await start([alice.line], `control.grpc.tls=${JSON.stringify(tls)}`);
    await list(control.as({ ...alice, tls: { caFile: files.caFile } }));
    await list(control.as({ tls: { ...files.identity('viewer/victor'), caFile: files.caFile } }));
    await expectDenied(
      list(control.as({ tls: { caFile: files.caFile } })),
      status.UNAUTHENTICATED,
      'CREDENTIALS_MISSING',
    );
  });

  it('does not start on a tokens file with a fault, and names the line but not what stands there', async () => {
    const bad = start(['tp_a-token-and-no-hash node app1']);
    await expect(bad).rejects.toMatchObject({
      code: 'TOKEN_FILE',
      message: expect.stringMatching(/tokens:2: expected/) as string,
    });
    await expect(bad).rejects.not.toMatchObject({ message: expect.stringContaining('tp_') as string });
  });
});

describe('a control plane whose doors are open', () => {
  it('is open on loopback, as long as nothing else is configured', async () => {
    control = await startSecuredControlPlane([]);
    await register(control.as({}), 'app1');
    await drain(control.as({}), 'app1');
    expect(control.log.lines).toContainEqual(expect.objectContaining({ audit: 'drain', who: 'unknown' }));
  });

  it('lets one address register only so fast, and says when to come back', async () => {
    control = await startSecuredControlPlane(['control.registration.burst=3', 'control.registration.perSecond=1']);
    const caller = control.as({});
    for (const id of ['a', 'b', 'c']) await register(caller, id);
    await expectDenied(register(caller, 'd'), status.RESOURCE_EXHAUSTED, 'TOO_MANY_REGISTRATIONS');
  });
});
