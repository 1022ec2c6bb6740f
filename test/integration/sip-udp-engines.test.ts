import { createSocket } from 'node:dgram';
import { Edits } from '../../sip-plane/message';
import { loadNativeUdp } from '../../sip-plane/native';
import { PeerTable, openUdp, type Peer, type UdpEngine } from '../../sip-plane/transport';
import { seededRandom } from '../support/seeded-random';
import { until } from '../support/until';
import { UdpAgent } from '../support/sip-plane-fixture';

const built = loadNativeUdp() !== undefined;
const engines = built ? (['dgram', 'native'] as const) : (['dgram'] as const);
if (!built) process.stderr.write('skipped: the native UDP engine: it was not built here\n');

describe.each(engines)('the UDP engine %s', (choice) => {
  const peers = new PeerTable();
  let engine: UdpEngine;
  let agent: UdpAgent;
  let came: { text: string; peer: Peer }[];
  let failed: Peer[];

  const open = (port: number): Promise<UdpEngine> =>
    openUdp(choice, {
      what: 'sip test udp',
      host: '127.0.0.1',
      port,
      peers,
      handler: (batch) => {
        for (let i = 0; i < batch.count; i += 1) {
          const text = batch.buffers[i]?.toString('latin1', batch.starts[i], batch.ends[i]) ?? '';
          came.push({ text, peer: batch.peers[i] as Peer });
        }
      },
      sendFailed: (peer) => failed.push(peer),
      refused: () => {},
    });

  function send(text: string, peer: Peer): void {
    engine.reserve(text.length);
    engine.out.write(text, engine.outAt, 'latin1');
    engine.commit(text.length, peer);
  }

  beforeEach(async () => {
    came = [];
    failed = [];
    engine = await open(0);
    agent = await UdpAgent.start();
  });

  afterEach(async () => {
    agent.close();
    await engine.close();
  });

  it('is the one that was asked for', () => {
    expect(engine.name).toBe(choice);
  });

  it('receives bursts of more than one batch, in order, and knows who sent them', async () => {
    for (let i = 0; i < 200; i += 1) agent.send(`datagram ${i}`, engine.port);
    await until('all came', () => came.length === 200);
    expect(came.map(({ text }) => text)).toEqual(Array.from({ length: 200 }, (_, i) => `datagram ${i}`));
    expect(new Set(came.map(({ peer }) => peer))).toEqual(new Set([peers.ofText('127.0.0.1', agent.port)]));
  });

  it('sends more than one batch, each datagram as it was written', async () => {
    const to = peers.ofText('127.0.0.1', agent.port);
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 150; i += 1) send(`${round}.${i}${'x'.repeat(i)}`, to);
      engine.flush();
      await until('all were received', () => agent.received.length === 150 * (round + 1));
    }
    const expected = [0, 1, 2].flatMap((round) =>
      Array.from({ length: 150 }, (_, i) => `${round}.${i}${'x'.repeat(i)}`),
    );
    expect(agent.received).toEqual(expected);
    expect(failed).toEqual([]);
  });

  it('forwards what came, changed as the splices say, in any order of offsets', async () => {
    const to = peers.ofText('127.0.0.1', agent.port);
    const random = seededRandom(7);
    const below = (limit: number): number => Math.floor(random() * limit);
    const edits = new Edits(16, 64, 64);
    const expected: string[] = [];
    for (let message = 0; message < 200; message += 1) {
      const source = Buffer.from(`<${message}:${'abcdefghij'.repeat(1 + below(60))}>`, 'latin1');
      edits.reset();
      for (let splices = below(12); splices > 0; splices -= 1) {
        edits.begin(below(source.length), 0);
        edits.text(Buffer.from('TEXT'.repeat(below(20)), 'latin1'));
        edits.number(below(100_000));
      }
      // Deletions do not overlap where messages are composed.
      edits.begin(4, below(3));
      const length = source.length + edits.growth;
      engine.send(source, 0, source.length, edits, length, to);
      const wanted = Buffer.alloc(length);
      expect(edits.apply(source, 0, source.length, wanted, 0)).toBe(length);
      expected.push(wanted.toString('latin1'));
      if (edits.keep() && message % 7 !== 0) continue;
      engine.flush();
      edits.release();
      await until('what was sent so far was received', () => agent.received.length === expected.length);
    }
    engine.flush();
    await until('all were received', () => agent.received.length === expected.length);
    expect(agent.received).toEqual(expected);
    expect(failed).toEqual([]);
  });

  it('VIA-16: takes the longest datagram there is, both ways', async () => {
    const longest = 'y'.repeat(65_507);
    agent.send(longest, engine.port);
    await until('it came', () => came.length === 1);
    expect(came[0]?.text).toBe(longest);
    send(longest, peers.ofText('127.0.0.1', agent.port));
    engine.flush();
    await until('it was received', () => agent.received.length === 1);
    expect(agent.received[0]).toBe(longest);
  });

  it('says which datagrams the system refused, and sends the others', async () => {
    const nowhere = peers.ofText('255.255.255.255', 5060);
    send('a', peers.ofText('127.0.0.1', agent.port));
    send('b', nowhere);
    send('c', peers.ofText('127.0.0.1', agent.port));
    engine.flush();
    await until('the others were received', () => agent.received.length === 2);
    await until('the refusal was told', () => failed.length === 1);
    expect(failed).toEqual([nowhere]);
  });

  it('says in one line that a port is in use', async () => {
    await expect(open(engine.port)).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: `sip test udp: 127.0.0.1:${engine.port} is in use by another process; stop it or configure another port`,
    });
  });

  it('frees its port when it is closed, and hears no more', async () => {
    const { port } = engine;
    await engine.close();
    const again = createSocket('udp4');
    await until(
      'the port was free',
      () =>
        new Promise<boolean>((resolve) => {
          again.once('error', () => resolve(false));
          again.bind(port, '127.0.0.1', () => resolve(true));
        }),
    );
    await new Promise<void>((resolve) => {
      again.close(resolve);
    });
    expect(came).toEqual([]);
  });
});

(built ? describe : describe.skip)('the UDP engine native', () => {
  it('receives over IPv6, knows who sent, and sends', async () => {
    const peers = new PeerTable();
    const came: string[] = [];
    const engine = await openUdp('native', {
      what: 'sip test udp',
      host: '::1',
      port: 0,
      peers,
      handler: (batch) => {
        const peer = batch.peers[0] as Peer;
        came.push(`${batch.buffers[0]?.toString('latin1', batch.starts[0], batch.ends[0])} from ${peer.host}`);
        engine.reserve(6);
        engine.out.write('answer', engine.outAt, 'latin1');
        engine.commit(6, peer);
        engine.flush();
      },
      sendFailed: () => {},
      refused: () => {},
    });
    const socket = createSocket('udp6');
    const answer = new Promise<string>((resolve) => {
      socket.once('message', (bytes) => resolve(bytes.toString('latin1')));
    });
    socket.send('hello', engine.port, '::1');
    expect(await answer).toBe('answer');
    expect(came).toEqual(['hello from ::1']);
    expect(engine.name).toBe('native');
    socket.close();
    await engine.close();
  });

  it('sends nothing when the length that was promised is another one', async () => {
    const peers = new PeerTable();
    const failed: Peer[] = [];
    const engine = await openUdp('native', {
      what: 'sip test udp',
      host: '127.0.0.1',
      port: 0,
      peers,
      handler: () => {},
      sendFailed: (peer) => failed.push(peer),
      refused: () => {},
    });
    const to = peers.ofText('127.0.0.1', engine.port);
    const edits = new Edits();
    edits.reset();
    engine.send(Buffer.from('abc'), 0, 3, edits, 4, to);
    engine.flush();
    expect(failed).toEqual([to]);
    await engine.close();
  });

  it.each(['127.0.0.1', '::1'])('hears that nobody is at a port of %s, and goes on', async (host) => {
    const peers = new PeerTable();
    const refused: Peer[] = [];
    let came = 0;
    const engine = await openUdp('native', {
      what: 'sip test udp',
      host,
      port: 0,
      peers,
      handler: () => {
        came += 1;
      },
      sendFailed: () => {},
      refused: (peer) => refused.push(peer),
    });
    const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, host, resolve);
    });
    const nobody = peers.ofText(host, await closedPort(host));
    const somebody = peers.ofText(host, socket.address().port);
    let received = 0;
    socket.on('message', () => {
      received += 1;
    });
    for (let round = 1; round <= 3; round += 1) {
      for (const peer of [nobody, somebody]) {
        engine.reserve(4);
        engine.out.write('ping', engine.outAt, 'latin1');
        engine.commit(4, peer);
      }
      engine.flush();
      await until('the refusal came', () => refused.length >= round);
      await until('the other one was received', () => received === round);
    }
    expect(new Set(refused)).toEqual(new Set([nobody]));
    socket.send('still there?', engine.port, host);
    await until('it still receives', () => came === 1);
    socket.close();
    await engine.close();
  });
});

/** A port that was free a moment ago. */
async function closedPort(host: string): Promise<number> {
  const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
  await new Promise<void>((resolve) => {
    socket.bind(0, host, resolve);
  });
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
  return port;
}

(built ? describe : describe.skip).each([
  ['native', '127.0.0.1'],
  ['dgram', '127.0.0.1'],
  ['native', '::1'],
  ['dgram', '::1'],
] as const)('two sockets on one port, %s on %s', (choice, host) => {
  const native = loadNativeUdp();
  const peers = new PeerTable();
  const came = new Map<number, Set<number>>();
  let sharing: UdpEngine[];
  let total = 0;

  beforeAll(async () => {
    const first = native?.bind(host, 0, true) ?? -1;
    const port = native?.port(first) ?? 0;
    const opened = [first, native?.bind(host, port, true) ?? -1].map((inherited, index) =>
      openUdp(choice, {
        what: 'sip test udp',
        host,
        port,
        inherited,
        peers,
        handler: ({ count, peers: senders }) => {
          total += count;
          for (let i = 0; i < count; i += 1) {
            const sender = senders[i]?.port ?? 0;
            came.set(sender, (came.get(sender) ?? new Set()).add(index));
          }
        },
        sendFailed: () => {},
        refused: () => {},
      }),
    );
    sharing = await Promise.all(opened);
  });

  afterAll(() => Promise.all(sharing.map((engine) => engine.close())));

  it('have one port and share the senders, but all that one sends comes to the same', async () => {
    expect(sharing[1]?.port).toBe(sharing[0]?.port);
    const senders = Array.from({ length: 32 }, () => createSocket(host.includes(':') ? 'udp6' : 'udp4'));
    for (let i = 0; i < 5; i += 1) for (const sender of senders) sender.send(`datagram ${i}`, sharing[0]?.port, host);
    await until('all came', () => total === 5 * senders.length);
    const homes = [...came.values()].map((seen) => [...seen]);
    expect(homes.filter((seen) => seen.length > 1)).toEqual([]);
    expect(new Set(homes.flat())).toEqual(new Set([0, 1]));
    for (const sender of senders) sender.close();
  });
});
