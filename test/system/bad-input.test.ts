import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Cluster, triplane } from '../support/processes';
import { randomBytes, seededRandom } from '../support/seeded-random';

const PIECES = 10_000;
const SEED = 20_261_121;

/** Beginnings that get random bytes past the first check of a parser. */
const OPENINGS = [
  '',
  'INVITE sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n',
  'SIP/2.0 200 OK\r\nVia: ',
  'GET / HTTP/1.1\r\nHost: a\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
  '\x00\x00\x00\x20\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x01',
  '\r\n\r\n',
];

describe('bad input', () => {
  describe('on every listener', () => {
    let cluster: Cluster;
    const random = seededRandom(SEED);
    const piece = (): Buffer => {
      const opening = OPENINGS[Math.floor(random() * OPENINGS.length)] ?? '';
      return Buffer.concat([Buffer.from(opening, 'latin1'), randomBytes(random, Math.floor(random() * 200))]);
    };

    beforeAll(async () => {
      cluster = await new Cluster().start();
    }, 60_000);
    afterAll(() => cluster.close());

    const expectAlive = async (): Promise<void> => {
      for (const service of [cluster.control, cluster.sip, cluster.http, cluster.smpp]) {
        expect(service.exitCode()).toBeUndefined();
        const answer = await fetch(`http://${service.addresses['admin'] ?? ''}/healthz`).catch(() => undefined);
        if (service !== cluster.control) expect(answer?.status).toBe(200);
      }
      expect((await fetch(`http://${cluster.control.addresses['http']}/healthz`)).status).toBe(200);
    };

    it.each(['external.udp', 'internal.udp'])(
      `survives ${PIECES} random datagrams on sip %s`,
      async (listener) => {
        const [host, port] = (cluster.sip.addresses[listener] ?? '').split(':');
        const socket = createSocket('udp4');
        for (let i = 0; i < PIECES; i += 1) {
          await new Promise((resolve) => {
            socket.send(piece(), Number(port), host, resolve);
          });
        }
        socket.close();
        await expectAlive();
      },
      30_000,
    );

    const streams: readonly (readonly [string, () => string | undefined])[] = [
      ['sip external tcp', () => cluster.sip.addresses['external.tcp']],
      ['sip internal tcp', () => cluster.sip.addresses['internal.tcp']],
      ['http', () => cluster.http.addresses['http']],
      ['smpp', () => cluster.smpp.addresses['smpp']],
      ['control grpc', () => cluster.control.addresses['grpc']],
      ['control admin', () => cluster.control.addresses['admin']],
      ['control http', () => cluster.control.addresses['http']],
    ];

    it.each(streams)(
      `survives ${PIECES} random pieces of a stream on %s`,
      async (_what, address) => {
        const [host, port] = (address() ?? '').split(':');
        let sent = 0;
        const worker = async (): Promise<void> => {
          while (sent < PIECES) {
            const socket = connect(Number(port), host);
            socket.on('error', () => undefined);
            socket.resume();
            await once(socket, 'connect');
            // Some connections get one piece, some many, some are reset in the middle.
            const pieces = 1 + Math.floor(random() * 40);
            for (let i = 0; i < pieces && !socket.destroyed && socket.writable; i += 1, sent += 1)
              socket.write(piece());
            if (random() < 0.3) socket.resetAndDestroy();
            else socket.end();
            if (!socket.closed)
              await new Promise((resolve) => socket.once('close', resolve).setTimeout(200, () => socket.destroy()));
          }
        };
        await Promise.all(Array.from({ length: 8 }, worker));
        await expectAlive();
      },
      60_000,
    );
  });

  describe('in the configuration', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'triplane-bad-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const oneLine = /^triplane: [A-Z_]+: [^\n]+\n$/;

    it('names an unknown key, its place and the nearest known one', () => {
      const file = path.join(folder, 'triplane.yaml');
      writeFileSync(file, 'sip:\n  external:\n    updPort: 5060\n');
      for (const command of ['up', 'control', 'sip', 'http', 'smpp']) {
        const { status, stderr } = triplane(command, '--config', file);
        expect(status).not.toBe(0);
        expect(stderr).toMatch(oneLine);
        expect(stderr).toContain(`unknown key sip.external.updPort in ${file}; did you mean sip.external.udpPort?`);
      }
    }, 30_000);

    const listeners: readonly (readonly [string, string, readonly string[]])[] = [
      ['control', 'control.grpc', ['control.admin.port=0', 'control.http.port=0']],
      ['control', 'control.admin', ['control.grpc.port=0', 'control.http.port=0']],
      ['control', 'control.http', ['control.grpc.port=0', 'control.admin.port=0']],
      [
        'sip',
        'sip.external:tcpPort',
        ['sip.external.udpPort=0', 'sip.internal.udpPort=0', 'sip.internal.tcpPort=0', 'sip.admin.port=0'],
      ],
      ['http', 'http.listen', ['http.admin.port=0']],
      ['http', 'http.admin', ['http.listen.port=0']],
      ['smpp', 'smpp.listen', ['smpp.admin.port=0']],
    ];
    const set = (assignments: readonly string[]): string[] =>
      [...assignments, `cluster.stateDir=${folder}`].flatMap((assignment) => ['--set', assignment]);

    it.each(listeners)(
      '%s with %s on a port in use ends with one clear line',
      async (command, key, others) => {
        const holder = createServer().listen(0, '127.0.0.1');
        await once(holder, 'listening');
        const { port } = holder.address() as AddressInfo;
        const [listener = '', name = 'port'] = key.split(':');
        const { status, stderr } = triplane(command, ...set([...others, `${listener}.${name}=${port}`]));
        holder.close();
        expect(status).toBe(1);
        expect(stderr).toMatch(oneLine);
        expect(stderr).toMatch(new RegExp(`ADDRESS_IN_USE: .*127\\.0\\.0\\.1:${port} is in use`));
      },
      30_000,
    );

    it.each([
      ['control', 'control.grpc.host=192.0.2.1', ['cluster.insecure=true']],
      ['sip', 'sip.external.host=192.0.2.1', ['sip.admin.port=0']],
      ['http', 'http.listen.host=192.0.2.1', ['http.admin.port=0']],
      ['smpp', 'smpp.listen.host=192.0.2.1', ['smpp.admin.port=0']],
    ])(
      '%s with the address %s that this machine has not ends with one clear line',
      (command, assignment, others) => {
        const { status, stderr } = triplane(command, ...set([assignment, ...others]));
        expect(status).toBe(1);
        expect(stderr).toMatch(oneLine);
        expect(stderr).toContain('ADDRESS_INVALID');
        expect(stderr).toContain('192.0.2.1');
      },
      30_000,
    );

    it('refuses plain-text gRPC on an address that others can reach', () => {
      const { status, stderr } = triplane('control', ...set(['control.grpc.host=0.0.0.0', 'control.grpc.port=0']));
      expect(status).toBe(1);
      expect(stderr).toMatch(/^triplane: INSECURE_REFUSED: [^\n]+\n$/);
    }, 30_000);

    it('ends everything when one service of `up` cannot start', async () => {
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      const free = [
        'control.grpc',
        'control.admin',
        'control.http',
        'sip.admin',
        'http.admin',
        'smpp.admin',
        'http.listen',
      ].map((key) => `${key}.port=0`);
      const sip = ['external', 'internal'].flatMap((leg) =>
        ['udp', 'tcp'].map((transport) => `sip.${leg}.${transport}Port=0`),
      );
      const { status, stderr } = triplane(
        'up',
        ...set([...free, ...sip, `smpp.listen.port=${port}`, 'log.level=error']),
      );
      holder.close();
      expect(status).toBe(1);
      expect(stderr).toMatch(/^triplane: ADDRESS_IN_USE: .*\n$/m);
    }, 60_000);
  });
});
