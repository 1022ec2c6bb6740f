import { createSocket, type Socket } from 'node:dgram';
import { connect, createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { Protocol, Transport, type Node } from '../../proto';
import { configSchema, type SipConfig } from '../../runtime/config';
import type { Clock } from '../../runtime/clock';
import type { Service } from '../../runtime/service';
import { createSipPlane, type SipPlaneExtras } from '../../sip-plane';
import { fakeCore, testNode, type FakeCore } from './fake-core';
import { until } from './until';

const loopback = { host: '127.0.0.1', udpPort: 0, tcpPort: 0 };

/** The SIP part of a configuration on free loopback ports. */
export function sipConfig(change: Record<string, unknown> = {}): SipConfig {
  return configSchema.parse({ sip: { external: loopback, internal: loopback, ...change } }).sip;
}

/** A SIP plane in this process, without control plane. */
export interface SipPlaneFixture {
  readonly core: FakeCore;
  readonly plane: Service;
  /** `host:port` of a listener, as in `external.udp`. */
  address(name: string): string;
  port(name: string): number;
  counter(name: string): number;
  gauge(name: string): number | undefined;
  close(): Promise<void>;
}

/** Tests ask no resolver. */
async function noName(name: string): Promise<never> {
  throw new Error(`no such name: ${name}`);
}
const noNames = { address: noName, services: noName, ways: noName };

export interface PlaneOptions extends Pick<SipPlaneExtras, 'worker'> {
  readonly config?: Record<string, unknown>;
  readonly clock?: Clock;
}

export async function startPlane(nodes: readonly Node[] = [], options: PlaneOptions = {}): Promise<SipPlaneFixture> {
  const core = fakeCore(Protocol.SIP, nodes, options.clock);
  const plane = await createSipPlane(core, sipConfig(options.config), { resolver: noNames, worker: options.worker });
  const address = (name: string): string => plane.addresses[name] ?? '';
  return {
    core,
    plane,
    address,
    port: (name) => Number(address(name).split(':').pop()),
    counter: (name) => core.counters.counter(name).value,
    gauge: (name) => core.counters.snapshotGauges().get(name),
    close: () => plane.close(),
  };
}

/** A node whose endpoints are the agents that play it. */
export function sipNode(
  id: string,
  agents: Readonly<Partial<Record<'udp' | 'tcp' | 'tls' | 'ws' | 'wss', number>>>,
  rest: Partial<Node> = {},
): Node {
  const transports = {
    udp: Transport.UDP,
    tcp: Transport.TCP,
    tls: Transport.TLS,
    ws: Transport.WS,
    wss: Transport.WSS,
  };
  const endpoints = (['udp', 'tcp', 'tls', 'ws', 'wss'] as const).flatMap((name) => {
    const port = agents[name];
    const transport = transports[name];
    return port === undefined ? [] : [{ protocol: Protocol.SIP, host: '127.0.0.1', transport, port }];
  });
  return testNode(id, endpoints, rest);
}

/** One UDP socket of a test: sends texts, keeps what comes. */
export class UdpAgent {
  readonly received: string[] = [];
  readonly #socket: Socket;
  #taken = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes) => this.received.push(bytes.toString('latin1')));
  }

  static async start(): Promise<UdpAgent> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    return new UdpAgent(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(text: string, port: number): void {
    this.#socket.send(Buffer.from(text, 'latin1'), port, '127.0.0.1');
  }

  /** The next message that was not taken yet. */
  async next(what = 'a datagram came'): Promise<string> {
    await until(what, () => this.received.length > this.#taken);
    this.#taken += 1;
    return this.received[this.#taken - 1] ?? '';
  }

  close(): void {
    this.#socket.close();
  }
}

/** One TCP connection of a test: sends texts, keeps all bytes that come. */
export class TcpAgent {
  text = '';
  closed = false;
  readonly socket: TcpSocket;
  #taken = 0;

  constructor(socket: TcpSocket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => (this.text += chunk.toString('latin1')));
    socket.on('close', () => (this.closed = true));
    socket.on('error', () => {});
  }

  static async connect(port: number): Promise<TcpAgent> {
    const socket = connect({ host: '127.0.0.1', port });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new TcpAgent(socket);
  }

  get localPort(): number {
    return this.socket.localPort ?? 0;
  }

  send(text: string): void {
    this.socket.write(Buffer.from(text, 'latin1'));
  }

  /** The next whole message by Content-Length. */
  async next(what = 'a message came'): Promise<string> {
    return await until(what, () => this.#take());
  }

  close(): void {
    this.socket.destroy();
  }

  #take(): string | undefined {
    const rest = this.text.slice(this.#taken).replace(/^(\r\n)+/, '');
    const skipped = this.text.length - this.#taken - rest.length;
    const head = rest.indexOf('\r\n\r\n');
    if (head < 0) return undefined;
    const length = Number(/^(?:content-length|l)\s*:\s*(\d+)/im.exec(rest.slice(0, head))?.[1] ?? 0);
    if (rest.length < head + 4 + length) return undefined;
    this.#taken += skipped + head + 4 + length;
    return rest.slice(0, head + 4 + length);
  }
}

/** A listener of a test: one agent per connection that comes. */
export class TcpNode {
  readonly connections: TcpAgent[] = [];
  readonly #server: Server;

  private constructor(server: Server, event: string) {
    this.#server = server;
    server.on(event, (socket: TcpSocket) => this.connections.push(new TcpAgent(socket)));
  }

  /** By default over TCP; over what `server` speaks when its connections come with `event`. */
  static async start(server: Server = createServer(), event = 'connection'): Promise<TcpNode> {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new TcpNode(server, event);
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async connection(index = 0): Promise<TcpAgent> {
    return await until('the plane connected', () => this.connections[index]);
  }

  close(): void {
    for (const connection of this.connections) connection.close();
    this.#server.close();
  }
}
