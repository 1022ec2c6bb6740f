import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { status } from '@grpc/grpc-js';
import {
  HeartbeatResponse,
  KeepAliveRequest,
  KeepAliveResponse,
  NodeServiceClient,
  NodeServiceService,
  type NodeServiceServer,
} from '../../proto';
import { systemClock } from '../../runtime/clock';
import { Dialer, callUnary, createServer, listen, stopServer, type DialSettings } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
import { TlsMaterial, type TlsSettings } from '../../runtime/tls';
import { TestCa, type TestCertificate } from '../support/certificates';
import { describeWith } from '../support/peer';
import { until } from '../support/until';

const shared = { clock: systemClock, logger: silentLogger() };

function call(client: NodeServiceClient): Promise<unknown> {
  return callUnary(client, client.heartbeat, { leaseId: 'x', load: undefined });
}

describeWith('openssl', 'gRPC over TLS', () => {
  let ca: TestCa;
  const opened: { close(): unknown }[] = [];
  beforeAll(() => {
    ca = new TestCa();
  });
  afterEach(async () => {
    for (const one of opened.splice(0).toReversed()) await one.close();
  });
  afterAll(() => ca.close());

  /** What the last call showed of its caller. */
  let seen: { subject?: string | undefined; authorization?: string | undefined } = {};
  const service: Partial<NodeServiceServer> = {
    heartbeat: (request, callback) => {
      const certificate = request.getAuthContext()?.sslPeerCertificate;
      seen = {
        subject: certificate?.subjectaltname,
        authorization: request.metadata.get('authorization')[0]?.toString(),
      };
      callback(null, HeartbeatResponse.create({}));
    },
    keepAlive: (stream) => {
      stream.on('data', ({ leaseId }: KeepAliveRequest) => stream.write(KeepAliveResponse.create({ leaseId })));
      stream.on('error', () => undefined);
      stream.on('end', () => stream.end());
    },
  };

  const serve = async (tls: TlsSettings): Promise<string> => {
    const material = new TlsMaterial(tls, { ...shared, what: 'test', intervalMs: 20 });
    const server = createServer();
    server.addService(NodeServiceService, service as NodeServiceServer);
    const address = await listen(server, { what: 'test', host: '127.0.0.1', port: 0, insecure: false, tls: material });
    opened.push(material, { close: () => stopServer(server, 100) });
    return address;
  };
  const dial = (address: string, settings: Partial<DialSettings>): NodeServiceClient => {
    const dialer = new Dialer({ ...shared, settings: { insecure: false, ...settings } });
    const client = dialer.client(NodeServiceClient, address);
    opened.push(dialer, client);
    return client;
  };
  const install = (name: string, pair: TestCertificate): TestCertificate => {
    const fixed = { certFile: path.join(ca.folder, `${name}.pem`), keyFile: path.join(ca.folder, `${name}.key`) };
    copyFileSync(pair.certFile, fixed.certFile);
    copyFileSync(pair.keyFile, fixed.keyFile);
    return fixed;
  };

  it('shows the server the certificate of the client', async () => {
    const address = await serve({ ...ca.issue('server'), caFile: ca.caFile, clientCertificates: 'required' });
    await call(dial(address, { tls: { ...ca.identity('node/app1'), caFile: ca.caFile } }));
    expect(seen.subject).toContain('URI:spiffe://triplane/node/app1');
  });

  it('does not show the certificate of a CA that the server does not know', async () => {
    const address = await serve({ ...ca.issue('server'), caFile: ca.caFile, clientCertificates: 'required' });
    const stranger = new TestCa('stranger');
    await call(dial(address, { tls: { ...stranger.identity('node/app1'), caFile: ca.caFile } }));
    expect(seen.subject).toBeUndefined();
    stranger.close();
  });

  it('shows the token, and a new one when its file changes', async () => {
    const address = await serve(ca.issue('server'));
    const tokenFile = ca.file('token', 'tp_0123456789abcdef\n');
    const client = dial(address, { tls: { caFile: ca.caFile }, tokenFile });
    await call(client);
    expect(seen.authorization).toBe('Bearer tp_0123456789abcdef');
    ca.file('token', 'tp_fedcba9876543210\n');
    process.emit('SIGHUP', 'SIGHUP');
    await call(client);
    expect(seen.authorization).toBe('Bearer tp_fedcba9876543210');
  });

  it.each([
    ['of another CA', () => new TestCa('stranger').issue('server'), {}],
    ['for another name', () => ca.issue('server', { names: ['DNS:other.example'] }), {}],
    ['that has ended', () => ca.issue('server', { days: -1 }), {}],
    ['of which another name is expected', () => ca.issue('server'), { serverName: 'control.example' }],
  ])('does not talk to a server with a certificate %s', async (_what, issue, settings) => {
    const address = await serve(issue());
    const client = dial(address, { tls: { caFile: ca.caFile }, ...settings });
    await expect(call(client)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it('takes the name that it was told to expect', async () => {
    const address = await serve(ca.issue('server', { names: ['DNS:control.example'] }));
    const client = dial(address, { tls: { caFile: ca.caFile }, serverName: 'control.example' });
    await expect(call(client)).resolves.toBeDefined();
  });

  it('keeps streams while the certificate changes, and shows the new one to who comes then', async () => {
    const files = install('rolling', ca.issue('before'));
    const other = new TestCa('next');
    const address = await serve(files);
    const stream = dial(address, { tls: { caFile: ca.caFile } }).keepAlive();
    const answers: string[] = [];
    stream.on('data', ({ leaseId }: KeepAliveResponse) => void answers.push(leaseId));
    stream.on('error', () => undefined);
    stream.write(KeepAliveRequest.create({ leaseId: 'before' }));
    await until('the stream runs', () => answers.length === 1);
    install('rolling', other.issue('after'));
    await until('clients of the new CA are served', () =>
      call(dial(address, { tls: { caFile: other.caFile } })).then(
        () => true,
        () => false,
      ),
    );
    stream.write(KeepAliveRequest.create({ leaseId: 'after' }));
    await until('the old stream still answers', () => answers.length === 2);
    stream.cancel();
    other.close();
  });

  it('writes no warning for a server that is dialled by its address', async () => {
    const warnings: string[] = [];
    const hear = (warning: Error): void => void warnings.push(String(warning));
    process.on('warning', hear);
    const address = await serve(ca.issue('server'));
    await call(dial(address, { tls: { caFile: ca.caFile } }));
    process.off('warning', hear);
    expect(warnings).toEqual([]);
  });
});

function dialerWith(settings: DialSettings): Dialer {
  return new Dialer({ ...shared, settings });
}

describe('a dialer', () => {
  it('speaks plain text on this machine, and elsewhere only where it is told to', () => {
    const careful = dialerWith({ insecure: false });
    expect(() => careful.check('127.0.0.1:7700')).not.toThrow();
    expect(() => careful.check('10.0.0.1:7700')).toThrow(expect.objectContaining({ code: 'INSECURE_REFUSED' }));
    expect(() => dialerWith({ insecure: true }).check('10.0.0.1:7700')).not.toThrow();
  });
});
