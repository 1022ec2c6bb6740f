import { copyFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { TlsMaterial, type TlsSettings } from '../../runtime/tls';
import { systemClock } from '../../runtime/clock';
import { silentLogger } from '../../runtime/logger';
import { TestCa } from '../support/certificates';
import { describeWith } from '../support/peer';
import { until } from '../support/until';

async function echo(socket: TLSSocket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

describeWith('openssl', 'TLS material', () => {
  let ca: TestCa;
  let server: Server | undefined;
  const opened: { close(): void }[] = [];
  beforeAll(() => {
    ca = new TestCa();
  });
  afterEach(() => {
    server?.close();
    server = undefined;
    for (const one of opened.splice(0)) one.close();
  });
  afterAll(() => ca.close());

  const options = { what: 'test', clock: systemClock, logger: silentLogger(), intervalMs: 20 };
  const material = (settings: TlsSettings): TlsMaterial => {
    const made = new TlsMaterial(settings, options);
    opened.push(made);
    return made;
  };
  const serve = async (of: TlsMaterial): Promise<number> => {
    const listening = createServer(of.serverOptions, (socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    listening.on('tlsClientError', () => undefined);
    of.follow(listening);
    server = listening.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const dial = async (port: number, by: TlsMaterial): Promise<TLSSocket> => {
    const socket = connect({ port, host: '127.0.0.1', secureContext: by.context });
    opened.push({ close: () => socket.destroy() });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    return socket;
  };
  /** Files under fixed names, as an operator keeps them. */
  const install = (
    name: string,
    pair: { certFile: string; keyFile: string },
  ): { certFile: string; keyFile: string } => {
    const fixed = { certFile: path.join(ca.folder, `${name}.pem`), keyFile: path.join(ca.folder, `${name}.key`) };
    copyFileSync(pair.certFile, fixed.certFile);
    copyFileSync(pair.keyFile, fixed.keyFile);
    return fixed;
  };

  it('carries a verified connection between a node:tls server and client', async () => {
    const port = await serve(material(ca.issue('server')));
    const socket = await dial(port, material({ caFile: ca.caFile }));
    expect(socket.authorized).toBe(true);
    expect(await echo(socket, 'hello')).toBe('hello');
  });

  it('does not take a server of another CA', async () => {
    const stranger = new TestCa('stranger');
    const port = await serve(material(stranger.issue('server')));
    await expect(dial(port, material({ caFile: ca.caFile }))).rejects.toThrow(/self-signed|unable to/);
    stranger.close();
  });

  it.each([
    ['required', false],
    ['want', true],
  ] as const)('with client certificates %s, lets clients without one in: %s', async (clientCertificates, welcome) => {
    const port = await serve(material({ ...ca.issue('server'), caFile: ca.caFile, clientCertificates }));
    const known = await dial(port, material({ ...ca.identity('node/app1'), caFile: ca.caFile }));
    expect(await echo(known, 'hello')).toBe('hello');
    const unknown = await dial(port, material({ caFile: ca.caFile }));
    const answer = await echo(unknown, 'hello').catch(() => 'cut');
    expect(answer).toBe(welcome ? 'hello' : 'cut');
  });

  it('takes a new certificate while connections stay', async () => {
    const files = install('renewed', ca.issue('before'));
    const own = material(files);
    const port = await serve(own);
    const client = material({ caFile: ca.caFile });
    const old = await dial(port, client);
    install('renewed', ca.issue('after'));
    await until('the new certificate is served', async () => {
      const socket = await dial(port, client);
      return socket.getPeerCertificate().subject.CN === 'after';
    });
    expect(await echo(old, 'still here')).toBe('still here');
  });

  it('keeps the old certificate while the files do not fit, and takes them once they do', async () => {
    const files = install('half', ca.issue('before'));
    const own = material(files);
    const next = ca.issue('after');
    let taken = 0;
    own.onChange(() => (taken += 1));
    copyFileSync(next.certFile, files.certFile);
    expect(own.reload()).toBe(false);
    writeFileSync(files.keyFile, 'garbage');
    expect(own.reload()).toBe(false);
    expect(taken).toBe(0);
    copyFileSync(next.keyFile, files.keyFile);
    await until('both are taken', () => taken > 0);
  });

  it('reads the files again on SIGHUP', () => {
    const own = material(ca.issue('server'));
    let taken = 0;
    own.onChange(() => (taken += 1));
    process.emit('SIGHUP', 'SIGHUP');
    expect(taken).toBe(1);
    own.close();
    process.emit('SIGHUP', 'SIGHUP');
    expect(taken).toBe(1);
  });
});
