import { createSocket, type Socket } from 'node:dgram';
import { TcpAgent, UdpAgent, sipNode, startPlane, type SipPlaneFixture } from '../sip-plane-fixture';
import { until } from '../until';
import { WsAgent } from '../ws-agent';
import type { Outcome, TortureMessage } from './torture-message';

/** An address of this machine's own that nobody else uses: answers go to the ports that the messages name. */
const SOURCE = '127.77.0.1';

export const TORTURE_TRANSPORTS = ['UDP', 'TCP', 'WS'] as const;
export type TortureTransport = (typeof TORTURE_TRANSPORTS)[number];

/** What came back: `forward`, `drop`, `wait` or a status; and the message that did. */
export interface Came {
  readonly outcome: Outcome | 'wait';
  readonly text: string;
}

/** What a transport should bring back: streams end a message by Content-Length alone, so a few differ there. */
export const wantedOver = (transport: TortureTransport, { wanted, stream }: TortureMessage): Outcome | 'wait' =>
  transport === 'TCP' ? (stream ?? wanted) : wanted;

/** Sends the torture messages to a SIP plane in this process: over UDP, over TCP byte by byte, over WebSocket one in each message. */
export class TortureRun {
  readonly fixture: SipPlaneFixture;
  readonly #node: UdpAgent;
  readonly #sockets = new Map<number, Socket>();
  /** What came to the ports that the messages name. */
  readonly #answers: string[] = [];

  private constructor(fixture: SipPlaneFixture, node: UdpAgent) {
    this.fixture = fixture;
    this.#node = node;
  }

  static async start(): Promise<TortureRun> {
    const node = await UdpAgent.start();
    const leg = { host: '127.0.0.1', udpPort: 0, tcpPort: 0, wsPort: 0 };
    const config = { external: leg, internal: leg };
    return new TortureRun(await startPlane([sipNode('app1', { udp: node.port })], { config }), node);
  }

  /** The message as sent here: responses carry our Via on top, and the one below names this machine instead of another. */
  prepared({ bytes, wanted }: TortureMessage): Buffer {
    const text = bytes.toString('latin1');
    if (!text.includes('OWN_VIA')) return bytes;
    const own = `Via: SIP/2.0/UDP ${this.fixture.address('internal.udp')};branch=z9hG4bK${'a'.repeat(14)}`;
    const local =
      wanted === 'forward' ? text.replace(/(Via: SIP\/2\.0\/UDP 192[^\r]*)/, `$1;received=${SOURCE}`) : text;
    return Buffer.from(local.replace('OWN_VIA', own), 'latin1');
  }

  /** Sends one message by one transport and waits for what becomes of it. */
  over(transport: TortureTransport, message: TortureMessage): Promise<Came> {
    const sent = this.prepared(message);
    const isResponse = sent.toString('latin1').startsWith('SIP/');
    const port = this.fixture.port(`${isResponse ? 'internal' : 'external'}.${transport.toLowerCase()}`);
    switch (transport) {
      case 'UDP':
        return this.#overUdp(sent, port);
      case 'TCP':
        return this.#overTcp(sent, port, isResponse, message.stream === 'wait');
      default:
        return this.#overWs(sent, port, isResponse);
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.values()) socket.close();
    this.#node.close();
    await this.fixture.close();
  }

  async #overUdp(sent: Buffer, port: number): Promise<Came> {
    const from = Number(/Via\s*:[^\r]*?:(\d+)[;\r]/i.exec(sent.toString('latin1'))?.[1] ?? 5060);
    const socket = this.#sockets.get(from) ?? (await this.#open(from));
    return this.#outcome(
      () => socket.send(sent, port, '127.0.0.1'),
      () => this.#answers,
    );
  }

  async #overTcp(sent: Buffer, port: number, isResponse: boolean, waits: boolean): Promise<Came> {
    const agent = await TcpAgent.connect(port);
    const answers = (): readonly string[] => (isResponse ? this.#answers : agent.text === '' ? [] : [agent.text]);
    const send = (): void => {
      for (const byte of sent) agent.socket.write(Buffer.from([byte]));
    };
    try {
      if (!waits) return await this.#outcome(send, answers);
      const before = this.fixture.counter('sip.bytes.in');
      send();
      await until('all bytes were read', () => this.fixture.counter('sip.bytes.in') === before + sent.length);
      return { outcome: agent.closed || answers().length > 0 ? 'drop' : 'wait', text: agent.text };
    } finally {
      agent.close();
    }
  }

  async #overWs(sent: Buffer, port: number, isResponse: boolean): Promise<Came> {
    const agent = await WsAgent.connect(`ws://127.0.0.1:${port}/`);
    const answers = (): readonly string[] => (isResponse ? this.#answers : agent.received.map(({ text }) => text));
    try {
      return await this.#outcome(() => agent.socket.send(sent, { binary: true }), answers);
    } finally {
      agent.close();
    }
  }

  /** What became of the message that `send` sends. */
  async #outcome(send: () => void, answers: () => readonly string[]): Promise<Came> {
    const before = { node: this.#node.received.length, answers: answers().length, drops: this.#drops() };
    send();
    return await until('something became of the message', () => {
      const forwarded = this.#node.received[before.node];
      if (forwarded !== undefined) return { outcome: 'forward' as const, text: forwarded };
      const answer = answers()[before.answers];
      if (answer === undefined)
        return this.#drops() > before.drops ? { outcome: 'drop' as const, text: '' } : undefined;
      // Our own answers are no successes; a response that went on may be one.
      const status = Number(answer.slice(8, 11));
      return { outcome: answers() === this.#answers && status < 300 ? ('forward' as const) : status, text: answer };
    });
  }

  #drops(): number {
    return [...this.fixture.core.counters.snapshotCounters()]
      .filter(([name]) => name.startsWith('sip.drops.'))
      .reduce((sum, [, value]) => sum + value, 0);
  }

  async #open(port: number): Promise<Socket> {
    const socket = createSocket('udp4');
    socket.on('message', (bytes) => this.#answers.push(bytes.toString('latin1')));
    await new Promise<void>((resolve) => {
      socket.bind(port, SOURCE, resolve);
    });
    this.#sockets.set(port, socket);
    return socket;
  }
}
