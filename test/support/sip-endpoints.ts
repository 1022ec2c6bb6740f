import { createSocket, type Socket } from 'node:dgram';
import { formatSip, methodOf, parseSip, statusOf, valueOf, valuesOf, type SipText } from './sip-text';

/** Of the top Via. */
const branchOf = (message: SipText): string => /branch=([^;,\s]+)/.exec(valueOf(message, 'Via'))?.[1] ?? '';

async function bind(port = 0): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.bind(port, '127.0.0.1', resolve);
  });
  return socket;
}

/** A user agent server over UDP: answers INVITE with 180 and 200, everything else but ACK with 200, and remembers what came. */
export class SipServer {
  readonly #socket: Socket;
  readonly #tag = Math.random().toString(36).slice(2, 8);
  /** Call-ID to the methods that came: each transaction (method and branch of the top Via) once, however often it was retransmitted. */
  readonly calls = new Map<string, string[]>();
  readonly #transactions = new Set<string>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes, { port, address }) => {
      const request = parseSip(bytes.toString());
      const method = methodOf(request);
      if (method === '') return;
      this.#remember(request, method);
      if (method === 'ACK') return;
      if (method === 'INVITE') socket.send(this.#answer(request, '180 Ringing'), port, address);
      socket.send(this.#answer(request, '200 OK'), port, address);
    });
  }

  /** `port`: of a server that is started again. */
  static async start(port = 0): Promise<SipServer> {
    return new SipServer(await bind(port));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** How many requests of a method came, each call counted once. */
  count(method: string): number {
    return [...this.calls.values()].filter((methods) => methods.includes(method)).length;
  }

  close(): void {
    this.#socket.close();
  }

  #remember(request: SipText, method: string): void {
    const callId = valueOf(request, 'Call-ID');
    const transaction = `${callId} ${method} ${branchOf(request)}`;
    if (this.#transactions.has(transaction)) return;
    this.#transactions.add(transaction);
    this.calls.set(callId, [...(this.calls.get(callId) ?? []), method]);
  }

  #answer(request: SipText, status: string): string {
    const kept = request.headers.filter(([name]) =>
      ['via', 'from', 'call-id', 'cseq', 'record-route'].includes(name.toLowerCase()),
    );
    const to = valueOf(request, 'To');
    const tagged = to.includes(';tag=') ? to : `${to};tag=${this.#tag}`;
    return formatSip(`SIP/2.0 ${status}`, [...kept, ['To', tagged], ['Contact', `<sip:node@127.0.0.1:${this.port}>`]]);
  }
}

/** A call that is up. */
export interface SipDialog {
  readonly callId: string;
  readonly to: string;
  readonly routes: readonly string[];
  readonly target: string;
}

/** A user agent client over UDP that follows Record-Route, or by wish ignores it. */
export class SipClient {
  readonly #socket: Socket;
  readonly #proxy: { readonly host: string; readonly port: number };
  readonly #waiting = new Map<string, (answer: SipText) => void>();
  #serial = 0;

  private constructor(socket: Socket, proxy: string) {
    this.#socket = socket;
    const [host = '', port = ''] = proxy.split(':');
    this.#proxy = { host, port: Number(port) };
    socket.on('message', (bytes) => {
      const answer = parseSip(bytes.toString());
      if (statusOf(answer) >= 200) this.#waiting.get(branchOf(answer))?.(answer);
    });
  }

  static async start(proxy: string): Promise<SipClient> {
    return new SipClient(await bind(), proxy);
  }

  close(): void {
    this.#socket.close();
  }

  /** Sets a call up: INVITE, final answer, ACK. Undefined: no 2xx within the limit. */
  async call(
    options: { readonly followRoute?: boolean; readonly limitMs?: number } = {},
  ): Promise<SipDialog | undefined> {
    const callId = `call-${(this.#serial += 1)}-${this.#port}@127.0.0.1`;
    const target = `sip:service@${this.#proxy.host}:${this.#proxy.port}`;
    const answer = await this.#transact(
      'INVITE',
      { callId, to: '<sip:service@example.com>', routes: [], target },
      1,
      options.limitMs,
    );
    if (answer === undefined || statusOf(answer) !== 200) return undefined;
    const follow = options.followRoute ?? true;
    const dialog: SipDialog = {
      callId,
      to: valueOf(answer, 'To'),
      routes: follow ? valuesOf(answer, 'Record-Route').toReversed() : [],
      target: follow ? (/<([^>]+)>/.exec(valueOf(answer, 'Contact'))?.[1] ?? '') : target,
    };
    this.#send('ACK', dialog, 1, this.#branch());
    return dialog;
  }

  /** Ends a call; the final status, or undefined when none came within the limit. */
  bye(dialog: SipDialog, limitMs?: number): Promise<number | undefined> {
    return this.request('BYE', dialog, limitMs);
  }

  /** Sends a request inside a call; the final status, or undefined when none came within the limit. */
  async request(method: string, dialog: SipDialog, limitMs?: number): Promise<number | undefined> {
    const answer = await this.#transact(method, dialog, (this.#serial += 1) + 1, limitMs);
    return answer === undefined ? undefined : statusOf(answer);
  }

  get #port(): number {
    return this.#socket.address().port;
  }

  #branch(): string {
    return `z9hG4bK${(this.#serial += 1)}x${Math.random().toString(36).slice(2)}`;
  }

  /** Sends and retransmits as RFC 3261 17.1 says until a final answer comes. */
  async #transact(method: string, dialog: SipDialog, cseq: number, limitMs = 5000): Promise<SipText | undefined> {
    const branch = this.#branch();
    const end = performance.now() + limitMs;
    const answered = new Promise<SipText>((resolve) => this.#waiting.set(branch, resolve));
    let answer: SipText | undefined;
    for (let waitMs = 500; answer === undefined && performance.now() < end; waitMs = Math.min(4000, waitMs * 2)) {
      this.#send(method, dialog, cseq, branch);
      answer = await withLimit(answered, Math.min(waitMs, end - performance.now()));
    }
    this.#waiting.delete(branch);
    return answer;
  }

  #send(method: string, dialog: SipDialog, cseq: number, branch: string): void {
    const text = formatSip(`${method} ${dialog.target} SIP/2.0`, [
      ['Via', `SIP/2.0/UDP 127.0.0.1:${this.#port};branch=${branch};rport`],
      ['Max-Forwards', '70'],
      ...dialog.routes.map((route) => ['Route', route] as const),
      ['From', `<sip:client@127.0.0.1>;tag=${this.#port}`],
      ['To', dialog.to],
      ['Call-ID', dialog.callId],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', `<sip:client@127.0.0.1:${this.#port}>`],
    ]);
    this.#socket.send(text, this.#proxy.port, this.#proxy.host);
  }
}

async function withLimit<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, limitMs), undefined);
  });
  const first = await Promise.race([promise, limit]);
  clearTimeout(timer);
  return first;
}
