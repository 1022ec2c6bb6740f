import { smscNode, startTestPlane, type TestSmppPlane } from '../support/smpp-plane';
import { RawSmsc, bindBody, boundEsme, rawEsme, rawPdu, type RawSmppPeer } from '../support/smpp-peer';
import { until } from '../support/until';
import type { SmppConfig } from '../../runtime/config';

let smsc: RawSmsc;
let plane: TestSmppPlane | undefined;
const esmes: RawSmppPeer[] = [];

async function start(overrides: Partial<SmppConfig> = {}): Promise<TestSmppPlane> {
  plane = await startTestPlane([smscNode('smsc1', smsc)], overrides);
  return plane;
}

async function connectTo({ address }: TestSmppPlane): Promise<RawSmppPeer> {
  const esme = await rawEsme(address);
  esmes.push(esme);
  return esme;
}

async function bindTo({ address }: TestSmppPlane, bind = 0x09): Promise<RawSmppPeer> {
  const esme = await boundEsme(address, 'acme', bind);
  esmes.push(esme);
  return esme;
}

function upstreamOf(place = 0): RawSmppPeer {
  const upstream = smsc.bound[place];
  if (upstream === undefined) throw new Error('nobody is bound at the SMSC');
  return upstream;
}

beforeEach(async () => {
  smsc = await RawSmsc.start();
});

afterEach(async () => {
  for (const esme of esmes.splice(0)) esme.destroy();
  await plane?.close();
  plane = undefined;
  await smsc.close();
});

function enquiries(peer: RawSmppPeer): number {
  return peer.got.filter(({ command }) => command === 0x15).length;
}

describe('bind', () => {
  test.each([0x01, 0x02, 0x09])('of type %d reaches the SMSC byte for byte and its answer comes back', async (bind) => {
    const esme = await connectTo(await start());
    const body = bindBody('acme', 'much longer than eight');
    const answer = await esme.ask(bind, 0xdead_beef, body);
    expect(answer).toMatchObject({ command: 0x8000_0000 + bind, status: 0, sequence: 0xdead_beef });
    expect(answer.body.toString()).toBe('smsc\0');
    expect(smsc.requests[0]).toMatchObject({ command: bind, sequence: 1 });
    expect(smsc.requests[0]?.body).toEqual(body);
  });

  test('that is refused is never bound: the next submit_sm is refused and nothing reaches the SMSC', async () => {
    const esme = await connectTo(await start());
    smsc.bindStatus = 0x0e;
    expect((await esme.ask(0x09, 1, bindBody('acme', 'wrong'))).status).toBe(0x0e);
    expect(await esme.ask(0x04, 2)).toMatchObject({ command: 0x8000_0004, status: 0x04 });
    await until('the connection is closed', () => esme.ended);
    expect(smsc.requests.map(({ command }) => command)).toEqual([0x09]);
    expect(plane?.counter('smpp.binds.refused')).toBe(1);
    expect(plane?.core.table.get('smsc1')?.live.activeSessions).toBe(0);
  });

  test('can be tried again after a refusal', async () => {
    const esme = await connectTo(await start());
    smsc.bindStatus = 0x0d;
    expect((await esme.ask(0x09, 1, bindBody('acme'))).status).toBe(0x0d);
    smsc.bindStatus = 0;
    expect((await esme.ask(0x09, 2, bindBody('acme'))).status).toBe(0);
    expect((await esme.ask(0x04, 3)).status).toBe(0);
  });

  test('that is refused five times ends the connection', async () => {
    const esme = await connectTo(await start());
    smsc.bindStatus = 0x0e;
    for (let i = 1; i <= 5; i += 1) await esme.ask(0x09, i, bindBody('acme'));
    await until('the connection is closed', () => esme.ended);
  });

  test('answered by a generic_nack fails', async () => {
    const esme = await connectTo(await start());
    smsc.server.removeAllListeners('connection');
    smsc.server.on('connection', (socket) => {
      socket.on('data', (chunk: Buffer) => socket.write(rawPdu(0x8000_0000, chunk.readUInt32BE(12), { status: 3 })));
      socket.on('error', () => {});
    });
    expect(await esme.ask(0x09, 8, bindBody('acme'))).toMatchObject({ command: 0x8000_0000, status: 3 });
    expect((await esme.ask(0x04, 9)).status).toBe(0x04);
  });

  test('with no SMSC is answered ESME_RSYSERR with a system_id', async () => {
    await smsc.kill();
    const esme = await connectTo(await start());
    const answer = await esme.ask(0x09, 3, bindBody('acme'));
    expect(answer).toMatchObject({ command: 0x8000_0009, status: 0x08 });
    expect(answer.body.toString('latin1', 0, 13)).toBe('loadbalancer\0');
    expect(plane?.counter('smpp.binds.noServer')).toBe(1);
  });

  test('goes to the next SMSC when one does not accept connections or says nothing', async () => {
    const dead = await RawSmsc.start();
    await dead.kill();
    const mute = await RawSmsc.start();
    mute.server.removeAllListeners('connection');
    mute.server.on('connection', (socket) => socket.on('error', () => {}).resume());
    plane = await startTestPlane([smscNode('a-dead', dead), smscNode('b-mute', mute), smscNode('c-well', smsc)], {
      connectTimeoutMs: 100,
    });
    for (let i = 0; i < 3; i += 1) await bindTo(plane);
    expect(smsc.bound).toHaveLength(3);
    for (const esme of esmes.splice(0)) esme.destroy();
    await plane.close();
    await mute.close();
  });

  test('a second one is answered ESME_RALYBND and the session stays', async () => {
    const esme = await bindTo(await start());
    expect(await esme.ask(0x02, 2, bindBody('other'))).toMatchObject({ command: 0x8000_0002, status: 0x05 });
    expect((await esme.ask(0x04, 3)).status).toBe(0);
    expect(smsc.requests.map(({ command }) => command)).toEqual([0x09, 0x04]);
  });

  test('that does not come in time closes the connection', async () => {
    const esme = await connectTo(await start({ bindTimeoutMs: 100 }));
    await until('the connection is closed', () => esme.ended);
    expect(plane?.counter('smpp.timeouts.bind')).toBe(1);
  });
});

describe('table T1', () => {
  const beforeBind: readonly (readonly [string, number, number, number])[] = [
    ['submit_sm', 0x04, 0x8000_0004, 0x04],
    ['deliver_sm', 0x05, 0x8000_0005, 0x04],
    ['unbind', 0x06, 0x8000_0006, 0x04],
    ['data_sm', 0x103, 0x8000_0103, 0x04],
    ['query_sm', 0x03, 0x8000_0003, 0x04],
    ['outbind', 0x0b, 0x8000_0000, 0x03],
    ['alert_notification', 0x102, 0x8000_0000, 0x03],
    ['a vendor command', 0x10200, 0x8000_0000, 0x03],
  ];

  test.each(beforeBind)(
    '%s before the bind is answered and the connection closed',
    async (_name, command, answer, status) => {
      const esme = await connectTo(await start());
      esme.send(rawPdu(command, 5));
      await until('the connection is closed', () => esme.ended);
      expect(esme.got).toMatchObject([{ command: answer, status, sequence: 5 }]);
      expect(smsc.requests).toEqual([]);
    },
  );

  test('enquire_link is answered before, during and after the bind', async () => {
    const esme = await connectTo(await start());
    const enquire = rawPdu(0x15, 100);
    esme.send(enquire, rawPdu(0x09, 1, { body: bindBody('acme') }), enquire);
    await until('the bind is answered', () => esme.got.length === 3);
    expect(esme.got.map(({ command }) => command)).toEqual([0x8000_0015, 0x8000_0015, 0x8000_0009]);
    expect((await esme.ask(0x15, 101)).status).toBe(0);
    expect(smsc.requests).toHaveLength(1);
  });

  test('requests while the bind is under way are refused, the bind goes on', async () => {
    const esme = await connectTo(await start());
    esme.send(
      rawPdu(0x09, 1, { body: bindBody('acme') }),
      rawPdu(0x04, 2),
      rawPdu(0x09, 3, { body: bindBody('acme') }),
      rawPdu(0x06, 4),
    );
    await until('all is answered', () => esme.got.length === 4);
    expect(esme.got.map(({ command, status }) => [command, status])).toEqual([
      [0x8000_0004, 0x04],
      [0x8000_0009, 0x05],
      [0x8000_0006, 0x04],
      [0x8000_0009, 0x00],
    ]);
  });

  const wrongDirection: readonly (readonly [string, number, 'esme' | 'smsc', number])[] = [
    ['submit_sm of a receiver', 0x01, 'esme', 0x04],
    ['data_sm of a receiver', 0x01, 'esme', 0x103],
    ['deliver_sm of an ESME', 0x09, 'esme', 0x05],
    ['deliver_sm for a transmitter', 0x02, 'smsc', 0x05],
    ['data_sm for a transmitter', 0x02, 'smsc', 0x103],
    ['submit_sm of an SMSC', 0x09, 'smsc', 0x04],
    ['a bind of an SMSC', 0x09, 'smsc', 0x09],
  ];

  test.each(wrongDirection)('%s is answered ESME_RINVBNDSTS and does not pass', async (_name, bind, side, command) => {
    const esme = await bindTo(await start(), bind);
    const peer = side === 'esme' ? esme : upstreamOf();
    const status = side === 'esme' && command === 0x09 ? 0x05 : 0x04;
    expect(await peer.ask(command, 50)).toMatchObject({ command: (command | 0x8000_0000) >>> 0, status });
    expect(smsc.requests).toHaveLength(1);
    expect(esme.got.filter((pdu) => pdu.command < 0x8000_0000)).toEqual([]);
    expect(plane?.counter('smpp.rejects.wrongState')).toBe(1);
  });

  test('an SMSC that speaks before its bind_resp is refused', async () => {
    smsc.server.removeAllListeners('connection');
    let answered = '';
    smsc.server.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.once('data', (bind: Buffer) => {
        socket.write(rawPdu(0x05, 3));
        socket.once('data', (answer: Buffer) => {
          answered = answer.toString('hex');
          socket.write(rawPdu(0x8000_0009, bind.readUInt32BE(12)));
        });
      });
    });
    const esme = await bindTo(await start());
    expect(answered).toBe(rawPdu(0x8000_0005, 3, { status: 4 }).toString('hex'));
    expect(esme.got).toHaveLength(1);
  });

  test('a deliver_sm in the same segment as the bind_resp reaches the ESME after it', async () => {
    smsc.server.removeAllListeners('connection');
    smsc.server.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.once('data', (bind: Buffer) => {
        socket.write(Buffer.concat([rawPdu(0x8000_0009, bind.readUInt32BE(12)), rawPdu(0x05, 9)]));
      });
    });
    const esme = await bindTo(await start());
    await esme.request(0x05);
    expect(esme.got.map(({ command }) => command)).toEqual([0x8000_0009, 0x05]);
  });
});

describe('framing', () => {
  test.each([0, 1, 4, 15, 1025, 0xffff_ffff])(
    'command_length %d before the bind is nacked and ends the connection',
    async (length) => {
      const esme = await connectTo(await start());
      esme.send(rawPdu(0x09, 1, { length }));
      await until('the connection is closed', () => esme.ended);
      expect(esme.got).toMatchObject([{ command: 0x8000_0000, status: 0x02, sequence: 0 }]);
    },
  );

  test.each([15, 131_073, 0xffff_ffff])('command_length %d of a bound ESME ends only that session', async (length) => {
    const running = await start();
    const other = await bindTo(running);
    const esme = await bindTo(running);
    esme.send(rawPdu(0x04, 2, { length }));
    await until('the connection is closed', () => esme.ended);
    expect(esme.got.at(-1)).toMatchObject({ command: 0x8000_0000, status: 0x02 });
    await until('the SMSC got unbind', () => smsc.requests.some(({ command }) => command === 0x06));
    expect((await other.ask(0x04, 3)).status).toBe(0);
  });

  test('a PDU of exactly the limit passes', async () => {
    const esme = await bindTo(await start());
    expect((await esme.ask(0x04, 2, Buffer.alloc(131_072 - 16, 7))).status).toBe(0);
    expect(smsc.requests[1]?.bytes).toHaveLength(131_072);
  });
});

describe('unbind', () => {
  test('of the ESME waits for its answers, then goes to the SMSC and both are closed', async () => {
    const held: (() => void)[] = [];
    smsc.onRequest = ({ sequence }, from) => held.push(() => from.send(rawPdu(0x8000_0004, sequence)));
    const esme = await bindTo(await start());
    esme.send(rawPdu(0x04, 10), rawPdu(0x04, 11), rawPdu(0x06, 12), rawPdu(0x04, 13));
    await until('both submits have come', () => held.length === 2);
    const upstream = upstreamOf();
    upstream.send(rawPdu(0x05, 1));
    await esme.request(0x05);
    expect(smsc.requests.map(({ command }) => command)).toEqual([0x09, 0x04, 0x04]);
    for (const answer of held) answer();
    await until('both sides are closed', () => esme.ended && upstream.ended);
    const answers = esme.got.filter(({ command }) => command >= 0x8000_0000).slice(1);
    expect(answers.map(({ sequence, status }) => [sequence, status])).toEqual([
      [13, 4],
      [10, 0],
      [11, 0],
      [12, 0],
    ]);
    expect(smsc.requests.at(-1)?.command).toBe(0x06);
    await until('the session is gone', () => plane?.gauge('smpp.connections') === 0);
    expect(plane?.core.table.get('smsc1')?.live.activeSessions).toBe(0);
  });

  test('of the only SMSC goes to the ESME and its answer back', async () => {
    const esme = await bindTo(await start());
    const upstream = upstreamOf();
    esme.onPdu = ({ command, sequence }) => {
      if (command === 0x06) esme.send(rawPdu(0x8000_0006, sequence, { status: 0x1234 }));
    };
    expect(await upstream.ask(0x06, 500)).toMatchObject({ command: 0x8000_0006, status: 0x1234 });
    await until('both sides are closed', () => esme.ended && upstream.ended);
  });

  test('an ESME that leaves without a word: the SMSC gets unbind, its requests are answered', async () => {
    const esme = await bindTo(await start());
    const upstream = upstreamOf();
    upstream.send(rawPdu(0x05, 41), rawPdu(0x05, 42));
    await until('they have come', () => esme.got.length === 3);
    esme.destroy();
    await until('unbind has come', () => smsc.requests.some(({ command }) => command === 0x06));
    expect([await upstream.answer(41), await upstream.answer(42)]).toMatchObject([{ status: 8 }, { status: 8 }]);
    await until('the SMSC connection is closed', () => upstream.ended);
    expect(plane?.gauge('smpp.sessions')).toBe(0);
  });

  test('the plane that stops answers what is in flight and unbinds both sides', async () => {
    smsc.onRequest = ({ sequence }, from) => setImmediate(() => from.send(rawPdu(0x8000_0004, sequence)));
    const running = await start();
    const esme = await bindTo(running);
    const idle = await connectTo(running);
    esme.onPdu = ({ command, sequence }) => {
      if (command === 0x06) esme.send(rawPdu(0x8000_0006, sequence));
    };
    esme.send(rawPdu(0x04, 10));
    await until('it has come', () => smsc.requests.length === 2);
    await running.close();
    await until('all is closed', () => esme.ended && idle.ended);
    expect(esme.got.map(({ command, status }) => [command, status])).toEqual([
      [0x8000_0009, 0],
      [0x8000_0004, 0],
      [0x06, 0],
    ]);
    expect(smsc.requests.at(-1)?.command).toBe(0x06);
  });
});

describe('timers', () => {
  test('a request that is not answered in time is answered ESME_RSYSERR once, the late answer is dropped', async () => {
    let late: (() => void) | undefined;
    smsc.onRequest = ({ sequence }, from) => {
      late = () => from.send(rawPdu(0x8000_0004, sequence));
    };
    const esme = await bindTo(await start({ responseTimeoutMs: 100 }));
    expect(await esme.ask(0x04, 9)).toMatchObject({ command: 0x8000_0004, status: 0x08 });
    late?.();
    await until('the late answer is counted', () => plane?.counter('smpp.lateAnswers') === 1);
    expect(esme.got).toHaveLength(2);
    expect(plane?.counter('smpp.timeouts.response')).toBe(1);
    expect(plane?.core.table.get('smsc1')?.live.failures).toBe(1);
  });

  test('a deliver_sm that the ESME does not answer is answered ESME_RSYSERR to the SMSC', async () => {
    await bindTo(await start({ responseTimeoutMs: 100 }));
    expect(await upstreamOf().ask(0x05, 4)).toMatchObject({ command: 0x8000_0005, status: 0x08 });
  });

  test('silent lines are asked on both sides, and a peer that answers stays', async () => {
    const esme = await bindTo(await start({ enquireLinkMs: 50, enquireLinkTimeoutMs: 2000 }));
    esme.onPdu = ({ command, sequence }) => {
      if (command === 0x15) esme.send(rawPdu(0x8000_0015, sequence));
    };
    await until('both were asked three times', () => enquiries(esme) >= 3 && enquiries(upstreamOf()) >= 3);
    expect(esme.ended).toBe(false);
  });

  test('a session without messages is unbound on both sides when inactivityMs says so, enquire_link does not count', async () => {
    const esme = await bindTo(await start({ inactivityMs: 150, enquireLinkMs: 20 }));
    esme.onPdu = ({ command, sequence }) => {
      if (command === 0x06 || command === 0x15) esme.send(rawPdu((command | 0x8000_0000) >>> 0, sequence));
    };
    await until('the ESME is closed', () => esme.ended);
    expect(esme.got.some(({ command }) => command === 0x06)).toBe(true);
    expect(smsc.requests.at(-1)?.command).toBe(0x06);
    expect(plane?.counter('smpp.timeouts.inactivity')).toBe(1);
  });

  test('an ESME that dribbles a PDU without end is as silent as one that says nothing', async () => {
    const esme = await bindTo(await start({ enquireLinkMs: 50, enquireLinkTimeoutMs: 100 }));
    esme.send(rawPdu(0x04, 2, { length: 100_000 }));
    await until('the ESME is closed', () => {
      esme.send(rawPdu(0x8000_0015, 1));
      return esme.ended;
    });
    expect(plane?.counter('smpp.timeouts.enquireLink')).toBe(1);
  });

  test('an ESME that answers nothing is closed and its SMSC gets unbind', async () => {
    const esme = await bindTo(await start({ enquireLinkMs: 50, enquireLinkTimeoutMs: 100 }));
    await until('the ESME is closed', () => esme.ended);
    await until('unbind has come', () => smsc.requests.some(({ command }) => command === 0x06));
    expect(plane?.counter('smpp.timeouts.enquireLink')).toBe(1);
  });
});
