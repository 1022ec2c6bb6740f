import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { createServer, listen, stopServer } from '../../runtime/grpc';
import { systemClock } from '../../runtime/clock';
import { silentLogger } from '../../runtime/logger';
import { TlsMaterial } from '../../runtime/tls';
import { TestCa } from '../support/certificates';
import { describeWith } from '../support/peer';

/** Connects, says nothing and reads nothing, as a frozen peer does. */
async function frozenPeer(address: string): Promise<Socket> {
  const [host = '', port = ''] = address.split(':');
  const socket = connect(Number(port), host).pause();
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

const at = { what: 'test', host: '127.0.0.1', port: 0, insecure: false };

describe('a gRPC server', () => {
  it('ends though a peer is frozen', async () => {
    const server = createServer();
    const peer = await frozenPeer(await listen(server, at));
    const before = performance.now();
    await stopServer(server, 100);
    expect(performance.now() - before).toBeLessThan(2000);
    peer.destroy();
  });

  it('names the listener whose port is taken', async () => {
    const first = createServer();
    const port = Number((await listen(first, at)).split(':')[1]);
    await expect(listen(createServer(), { ...at, port })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' });
    await stopServer(first, 100);
  });
});

describeWith('openssl', 'a gRPC server over TLS', () => {
  it('ends though a peer is frozen before the handshake', async () => {
    const ca = new TestCa();
    const tls = new TlsMaterial(ca.issue('server'), { what: 'test', clock: systemClock, logger: silentLogger() });
    const server = createServer();
    const peer = await frozenPeer(await listen(server, { ...at, tls }));
    const before = performance.now();
    await stopServer(server, 100);
    expect(performance.now() - before).toBeLessThan(2000);
    peer.destroy();
    tls.close();
    ca.close();
  });

  it('is refused where others can reach it, unless callers must show who they are', async () => {
    const ca = new TestCa();
    const tls = new TlsMaterial(ca.issue('server'), { what: 'test', clock: systemClock, logger: silentLogger() });
    const open = listen(createServer(), { ...at, host: '0.0.0.0', tls });
    await expect(open).rejects.toMatchObject({ code: 'INSECURE_REFUSED' });
    tls.close();
    ca.close();
  });
});
