import { createSocket, type Socket } from 'node:dgram';
import { formatSip, methodOf, parseSip, statusOf, valueOf, valuesOf, type SipText } from './sip-text';
import { until } from './until';

/** A node over UDP that keeps bindings with their Path (RFC 3327), and sends requests to them through a plane. */
export class SipRegistrar {
  /** By address of record: the contact and its Path. */
  readonly bindings = new Map<string, { readonly contact: string; readonly path: readonly string[] }>();
  readonly requests: SipText[] = [];
  readonly responses: SipText[] = [];
  readonly #socket: Socket;
  #serial = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes, { port, address }) => {
      const message = parseSip(bytes.toString());
      if (statusOf(message) > 0) {
        this.responses.push(message);
        return;
      }
      this.requests.push(message);
      if (methodOf(message) === 'REGISTER') this.#bind(message);
      if (methodOf(message) !== 'ACK') socket.send(this.#answer(message), port, address);
    });
  }

  static async start(): Promise<SipRegistrar> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    return new SipRegistrar(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Sends a request to whoever registered as `aor`, by a plane's internal leg; resolves with the status of the final answer. */
  async send(method: string, aor: string, proxy: string, body = ''): Promise<number> {
    const binding = this.bindings.get(aor);
    if (binding === undefined) throw new Error(`${aor} has not registered`);
    const callId = `out-${(this.#serial += 1)}-${this.port}`;
    const text = formatSip(
      `${method} ${binding.contact} SIP/2.0`,
      [
        ['Via', `SIP/2.0/UDP 127.0.0.1:${this.port};branch=z9hG4bK${callId}`],
        ['Max-Forwards', '70'],
        ...binding.path.map((value) => ['Route', value] as const),
        ['From', `<sip:node@127.0.0.1>;tag=${this.port}`],
        ['To', `<${aor}>`],
        ['Call-ID', callId],
        ['CSeq', `1 ${method}`],
        ['Contact', `<sip:node@127.0.0.1:${this.port}>`],
        ['Content-Type', 'text/plain'],
      ],
      body,
    );
    const [host = '', port = ''] = proxy.split(':');
    this.#socket.send(text, Number(port), host);
    const answer = await until(`the answer to ${method} came`, () =>
      this.responses.find((response) => valueOf(response, 'Call-ID') === callId && statusOf(response) >= 200),
    );
    if (method === 'INVITE') this.#socket.send(ackTo(text, answer), Number(port), host);
    return statusOf(answer);
  }

  close(): void {
    this.#socket.close();
  }

  #bind(register: SipText): void {
    const aor = /<([^>]+)>/.exec(valueOf(register, 'To'))?.[1] ?? '';
    const contact = /<([^>]+)>/.exec(valueOf(register, 'Contact'))?.[1] ?? '';
    this.bindings.set(aor, { contact, path: valuesOf(register, 'Path') });
  }

  #answer(request: SipText): string {
    const kept = request.headers.filter(([name]) =>
      ['via', 'from', 'call-id', 'cseq', 'contact', 'path'].includes(name.toLowerCase()),
    );
    return formatSip('SIP/2.0 200 OK', [...kept, ['To', `${valueOf(request, 'To')};tag=reg`]]);
  }
}

/** What ends an INVITE that was refused (RFC 3261 17.1.1.3). */
function ackTo(invite: string, answer: SipText): string {
  const { startLine, headers } = parseSip(invite);
  const kept = headers.filter(([name]) => !['To', 'CSeq', 'Contact', 'Content-Type', 'Content-Length'].includes(name));
  return formatSip(startLine.replace('INVITE', 'ACK'), [...kept, ['To', valueOf(answer, 'To')], ['CSeq', '1 ACK']]);
}
