import { createSocket, type Socket } from 'node:dgram';
import { headers } from '../support/sip-messages';
import { TcpAgent, UdpAgent, sipNode, startPlane, type SipPlaneFixture } from '../support/sip-plane-fixture';
import { RFC4475, RFC5118, TORTURE, type Outcome, type TortureMessage } from '../support/torture';
import { until } from '../support/until';

/** An address of this machine's own that nobody else uses: answers go to the ports that the messages name. */
const SOURCE = '127.77.0.1';

class Source {
  readonly received: string[] = [];
  readonly #sockets = new Map<number, Socket>();

  /** Sends from the port that the answer will go to. */
  async send(bytes: Buffer, port: number): Promise<void> {
    const from = Number(/Via\s*:[^\r]*?:(\d+)[;\r]/i.exec(bytes.toString('latin1'))?.[1] ?? 5060);
    const socket = this.#sockets.get(from) ?? (await this.#open(from));
    socket.send(bytes, port, '127.0.0.1');
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
  }

  async #open(port: number): Promise<Socket> {
    const socket = createSocket('udp4');
    socket.on('message', (bytes) => this.received.push(bytes.toString('latin1')));
    await new Promise<void>((resolve) => {
      socket.bind(port, SOURCE, resolve);
    });
    this.#sockets.set(port, socket);
    return socket;
  }
}

const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

/** The body as Content-Length says, if it says. */
function wantedBody(sent: string): string {
  const length = /^(?:content-length|l)\s*:\s*(\d+)/im.exec(sent)?.[1];
  return bodyOf(sent).slice(0, length === undefined ? undefined : Number(length));
}

describe('torture', () => {
  const seen = new Map<string, { udp: string; tcp: string }>(TORTURE.map(({ name }) => [name, { udp: '', tcp: '' }]));
  let fixture: SipPlaneFixture;
  let node: UdpAgent;
  let source: Source;

  beforeAll(async () => {
    node = await UdpAgent.start();
    source = new Source();
    fixture = await startPlane([sipNode('app1', { udp: node.port })]);
  });

  afterAll(async () => {
    const rows = TORTURE.map(({ section, name, wanted }) => {
      const { udp, tcp } = seen.get(name) ?? { udp: '', tcp: '' };
      return [section.padEnd(9), name.padEnd(30), String(wanted).padEnd(9), udp.padEnd(9), tcp].join('');
    });
    process.stdout.write(`${['section  message                       wanted   UDP      TCP', ...rows].join('\n')}\n`);
    source.close();
    node.close();
    await fixture.close();
  });

  /** The message as sent here: responses carry our Via on top, and the one below names this machine instead of another. */
  function prepared({ bytes, wanted }: TortureMessage): Buffer {
    const text = bytes.toString('latin1');
    if (!text.includes('OWN_VIA')) return bytes;
    const own = `Via: SIP/2.0/UDP ${fixture.address('internal.udp')};branch=z9hG4bK${'a'.repeat(14)}`;
    const local =
      wanted === 'forward' ? text.replace(/(Via: SIP\/2\.0\/UDP 192[^\r]*)/, `$1;received=${SOURCE}`) : text;
    return Buffer.from(local.replace('OWN_VIA', own), 'latin1');
  }

  const drops = (): number =>
    [...fixture.core.counters.snapshotCounters()]
      .filter(([name]) => name.startsWith('sip.drops.'))
      .reduce((sum, [, value]) => sum + value, 0);

  /** What became of the message that `send` sends. */
  async function outcomeOf(
    send: () => Promise<void>,
    answers: () => readonly string[],
  ): Promise<{ outcome: Outcome; text: string }> {
    const before = { node: node.received.length, answers: answers().length, drops: drops() };
    await send();
    return await until('something became of the message', () => {
      const forwarded = node.received[before.node];
      if (forwarded !== undefined) return { outcome: 'forward' as const, text: forwarded };
      const answer = answers()[before.answers];
      if (answer === undefined) return drops() > before.drops ? { outcome: 'drop' as const, text: '' } : undefined;
      // Our own answers have our tag or come without one of theirs; a forwarded response still has its Call-ID.
      const status = Number(answer.slice(8, 11));
      return { outcome: answers() === source.received && status < 300 ? ('forward' as const) : status, text: answer };
    });
  }

  const cases = [...RFC4475, ...RFC5118].map(
    (message) => [message.section, message.name, message.what, message] as const,
  );

  it.each(cases)('over UDP: %s %s (%s)', async (_section, name, _what, message) => {
    const sent = prepared(message);
    const port = fixture.port(sent.toString('latin1').startsWith('SIP/') ? 'internal.udp' : 'external.udp');
    const { outcome, text } = await outcomeOf(
      () => source.send(sent, port),
      () => source.received,
    );
    (seen.get(name) ?? { udp: '' }).udp = String(outcome);
    expect(outcome).toBe(message.wanted);
    expect(message.wanted === 'forward' ? bodyOf(text) : '').toBe(
      message.wanted === 'forward' ? wantedBody(sent.toString('latin1')) : '',
    );
  });

  it.each(cases)('over TCP, byte by byte: %s %s (%s)', async (_section, name, _what, message) => {
    const sent = prepared(message);
    const response = sent.toString('latin1').startsWith('SIP/');
    const agent = await TcpAgent.connect(fixture.port(response ? 'internal.tcp' : 'external.tcp'));
    const send = async (): Promise<void> => {
      for (const byte of sent) agent.socket.write(Buffer.from([byte]));
    };
    const wanted = message.stream ?? message.wanted;
    const answers = (): readonly string[] => (response ? source.received : agent.text === '' ? [] : [agent.text]);
    let outcome: string;
    if (wanted === 'wait') {
      const before = fixture.counter('sip.bytes.in');
      await send();
      await until('all bytes were read', () => fixture.counter('sip.bytes.in') === before + sent.length);
      outcome = agent.closed || answers().length > 0 ? 'not waiting' : 'wait';
    } else outcome = String((await outcomeOf(send, answers)).outcome);
    (seen.get(name) ?? { tcp: '' }).tcp = outcome;
    agent.close();
    expect(outcome).toBe(String(wanted));
  });

  it('420 names exactly the extensions of Proxy-Require', () => {
    const answer = source.received.find((text) => text.startsWith('SIP/2.0 420')) ?? '';
    expect(headers(answer, 'Unsupported')).toEqual(['noProxiesSupportThis, norDoAnyProxiesSupportThis']);
  });

  it('are 49 and 12', () => {
    expect(RFC4475).toHaveLength(49);
    expect(RFC5118).toHaveLength(12);
  });
});
