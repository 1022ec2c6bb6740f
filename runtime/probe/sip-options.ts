import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../../proto';
import { probeTcp } from './tcp-connect';

/** SIP OPTIONS by one datagram that is repeated once: every answer but 503 is well. */
export function probeSipUdp(endpoint: Endpoint, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(endpoint.host) ? 'udp6' : 'udp4');
    const callId = randomBytes(12).toString('hex');
    const timers: NodeJS.Timeout[] = [];
    let over = false;
    const end = (reason: string): void => {
      if (over) return;
      over = true;
      for (const timer of timers) clearTimeout(timer);
      socket.close();
      resolve(reason === '' ? undefined : reason);
    };
    socket.on('error', (error) => end(error.message));
    socket.on('message', (data) => {
      const verdict = data.includes(callId) ? judge(data) : undefined;
      if (verdict !== undefined) end(verdict);
    });
    // Connected, so that a closed port is an error at once and only this peer is heard.
    socket.connect(endpoint.port, endpoint.host, () => {
      const { address, port } = socket.address();
      const bytes = optionsRequest(endpoint, { transport: 'UDP', local: at(address, port), callId });
      const send = (): void => socket.send(bytes);
      timers.push(setTimeout(send, timeoutMs / 2));
      send();
    });
    timers.push(setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs));
  });
}

/** The same over a connection of its own. */
export function probeSipTcp(endpoint: Endpoint, timeoutMs: number): Promise<string | undefined> {
  const callId = randomBytes(12).toString('hex');
  const request = optionsRequest(endpoint, { transport: 'TCP', local: 'probe.invalid', callId });
  return probeTcp(endpoint, timeoutMs, { request, judge });
}

interface Sender {
  readonly transport: 'UDP' | 'TCP';
  readonly local: string;
  readonly callId: string;
}

function optionsRequest({ host, port }: Endpoint, { transport, local, callId }: Sender): Buffer {
  const lines = [
    `OPTIONS sip:${at(host, port)} SIP/2.0`,
    `Via: SIP/2.0/${transport} ${local};branch=z9hG4bK${callId};rport`,
    'Max-Forwards: 70',
    `From: <sip:probe@triplane.invalid>;tag=${callId.slice(0, 8)}`,
    `To: <sip:${at(host, port)}>`,
    `Call-ID: ${callId}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function judge(received: Buffer): string | undefined {
  const line = received.toString('latin1', 0, 64);
  if (!line.includes('\r\n') && line.length < 64) return undefined;
  const status = Number(/^SIP\/2\.0 (\d{3})\b/.exec(line)?.[1]);
  if (Number.isNaN(status)) return 'the answer is not SIP';
  if (status < 200) return undefined;
  return status === 503 ? 'status 503' : '';
}

function at(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
