import { UA } from 'jssip';
import { WebSocket, type ClientOptions } from 'ws';
import { until } from './until';

/** What JsSIP wants of a socket; its own needs a browser. */
class JsSipSocket {
  via_transport: string;
  readonly url: string;
  readonly sip_uri: string;
  onconnect = (): void => {};
  ondisconnect = (_error: boolean, _code?: number, _reason?: string): void => {};
  ondata = (_data: unknown): void => {};
  readonly #options: ClientOptions;
  #ws: WebSocket | undefined;

  constructor(url: string, options: ClientOptions) {
    const { protocol, host } = new URL(url);
    this.url = url;
    this.via_transport = protocol === 'wss:' ? 'WSS' : 'WS';
    this.sip_uri = `sip:${host};transport=ws`;
    this.#options = options;
  }

  connect(): void {
    const ws = new WebSocket(this.url, 'sip', this.#options);
    this.#ws = ws;
    ws.on('open', () => this.onconnect());
    ws.on('message', (data, binary) => this.ondata(binary ? data : (data as Buffer).toString()));
    ws.on('error', () => {});
    ws.on('close', (code, reason) => this.ondisconnect(code !== 1000, code, reason.toString()));
  }

  disconnect(): void {
    this.#ws?.close();
  }

  /** As when the network goes: without a word. */
  cut(): void {
    this.#ws?.terminate();
  }

  send(message: string | ArrayBufferLike | Blob | ArrayBufferView): boolean {
    if (!this.isConnected()) return false;
    this.#ws?.send(message as string);
    return true;
  }

  isConnected(): boolean {
    return this.#ws?.readyState === WebSocket.OPEN;
  }

  isConnecting(): boolean {
    return this.#ws?.readyState === WebSocket.CONNECTING;
  }
}

const { setTimeout: setRealTimeout } = globalThis;

/** It leaves its timer H, 32 s, running after the ACK came; nobody should wait for that. */
function withoutTimerH(task: () => void, ms?: number): NodeJS.Timeout {
  const timer = setRealTimeout(task, ms);
  return ms === 32_000 ? timer.unref() : timer;
}

/** A browser's SIP stack as a user agent of a test: registers, takes messages, knows no media. */
export class JsSipClient {
  registered = false;
  readonly messages: string[] = [];
  readonly #ua: UA;
  readonly #socket: JsSipSocket;

  private constructor(ua: UA, socket: JsSipSocket) {
    this.#ua = ua;
    this.#socket = socket;
    ua.on('registered', () => (this.registered = true));
    ua.on('newMessage', (event: { originator: string; request: { body: string } }) => {
      if (event.originator === 'remote') this.messages.push(event.request.body);
    });
    // With nobody to take them it answers calls 405.
    ua.on('newRTCSession', () => {});
  }

  /** Connects and registers as `uri`. */
  static async register(url: string, uri: string, options: ClientOptions = {}): Promise<JsSipClient> {
    // It looks for WebRTC there, and answers calls 488 where there is none.
    Object.assign(globalThis, { window: globalThis, setTimeout: withoutTimerH });
    const socket = new JsSipSocket(url, options);
    const client = new JsSipClient(new UA({ sockets: [socket], uri, register: true }), socket);
    client.#ua.start();
    await until('JsSIP registered', () => client.registered);
    return client;
  }

  sendMessage(target: string, body: string): void {
    this.#ua.sendMessage(target, body);
  }

  /** Takes the connection away; it does not come back. */
  cut(): void {
    this.#socket.connect = () => {};
    this.#socket.cut();
  }

  /** What it still waits for goes with the connection; with that it would wait for two seconds. */
  async close(): Promise<void> {
    this.cut();
    await until('JsSIP noticed', () => !this.#ua.isConnected());
    this.#ua.stop();
  }
}
