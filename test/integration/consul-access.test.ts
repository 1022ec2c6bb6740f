import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../runtime/clock';
import { ConsulAccess, type ConsulClient, type ConsulSettings } from '../../runtime/consul';
import { silentLogger } from '../../runtime/logger';
import { TestCa } from '../support/certificates';
import { describeWith } from '../support/peer';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** An agent that knows nothing and notes the tokens that it is shown. */
async function serve(make: (listener: RequestListener) => Server, host = '127.0.0.1') {
  const tokens: unknown[] = [];
  const server = make((request, response) => {
    tokens.push(request.headers['x-consul-token']);
    response.setHeader('content-type', 'application/json');
    // Late, so that requests made at once are under way together.
    setTimeout(() => response.end(request.method === 'PUT' ? 'true' : '[]'), 20);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  closers.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { tokens, server, address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` };
}

function connect(settings: ConsulSettings): ConsulClient {
  const access = new ConsulAccess({ settings, what: 'test', clock: systemClock, logger: silentLogger() });
  const client = access.client();
  closers.push(
    () => access.close(),
    () => client.close(),
  );
  return client;
}

function ask(settings: ConsulSettings): Promise<unknown> {
  return connect(settings).instances('web', 0, 0);
}

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'triplane-consul-'));
  closers.push(() => rmSync(made, { recursive: true }));
  return made;
}

describe('a connection to a Consul agent', () => {
  it('may be to an IPv6 address', async () => {
    const { address } = await serve(createServer, '::1');
    expect((await connect({ address }).instances('web', 0, 0)).instances).toEqual([]);
  });

  it('is one of few, however much is asked at once: agents cut those off who have 200', async () => {
    const { address, server } = await serve(createServer);
    let open = 0;
    let most = 0;
    server.on('connection', (socket) => {
      most = Math.max(most, (open += 1));
      socket.once('close', () => (open -= 1));
    });
    const client = connect({ address });
    const writes = Array.from({ length: 300 }, (_, i) => client.put(`k${i}`, 'v', 0));
    expect(await Promise.all(writes)).not.toContain(false);
    expect(most).toBeLessThanOrEqual(24);
  });

  it('shows the token of its file, and the new one when the file has changed', async () => {
    const { address, tokens } = await serve(createServer);
    const tokenFile = path.join(folder(), 'token');
    writeFileSync(tokenFile, 'first\n', { mode: 0o600 });
    const client = connect({ address, tokenFile });
    await client.isRegistered('one');
    writeFileSync(tokenFile, 'second\n');
    process.emit('SIGHUP');
    await client.isRegistered('one');
    expect(tokens).toEqual(['first', 'second']);
  });

  it('ends a question that waits when it is closed', async () => {
    const { address } = await serve(() =>
      createServer(() => {
        // No answer.
      }),
    );
    const client = connect({ address });
    const asked = client.instances('web', 1, 60_000).catch((error: unknown) => error);
    client.close();
    expect(await asked).toBeInstanceOf(Error);
  });

  it('is not made with a token file that cannot be read', () => {
    expect(() => connect({ address: '127.0.0.1:1', tokenFile: '/nowhere/token' })).toThrow('/nowhere/token');
  });
});

describeWith('openssl', 'a connection to a Consul agent over TLS', () => {
  it('is made to an agent of the CA and name that are expected, and to no other', async () => {
    const ca = new TestCa();
    const { certFile, keyFile } = ca.issue('agent', { names: ['DNS:server.dc1.consul'] });
    const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    const { address } = await serve((listener) => createSecureServer(tls, listener));
    const shared = { minVersion: 'TLSv1.2' as const };
    const trusted = { ...shared, caFile: ca.caFile };
    await expect(ask({ address, tls: trusted, serverName: 'server.dc1.consul' })).resolves.toMatchObject({
      instances: [],
    });
    await expect(ask({ address, tls: trusted })).rejects.toThrow(/does not match|altnames/);
    await expect(ask({ address, tls: shared, serverName: 'server.dc1.consul' })).rejects.toThrow(/certificate/);
    ca.close();
  });
});
