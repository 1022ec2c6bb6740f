import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { request } from '../../support/sip-messages';
import { until } from '../../support/until';

/** Sends a burst of messages to one port of the plane and returns when the plane has read them or cut the connection. */
export interface Sender {
  send(messages: readonly Buffer[], port: number): Promise<void>;
  close(): void;
}

const PROBE = Buffer.from('z9hG4bKprobe');

const probe = (port: number): Buffer =>
  Buffer.from(
    request({
      method: 'OPTIONS',
      uri: `sip:127.0.0.1:${port}`,
      via: `UDP 127.0.0.1;rport;branch=${PROBE.toString()}`,
    }),
  );

/** Over UDP: after the burst comes a request that the plane answers itself, which it reads last. */
export async function udpSender(): Promise<Sender> {
  const socket = createSocket('udp4');
  let answered = 0;
  socket.on('message', (bytes) => {
    if (bytes.includes(PROBE)) answered += 1;
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  return {
    async send(messages, port) {
      const before = answered;
      for (const message of messages) socket.send(message, port, '127.0.0.1');
      socket.send(probe(port), port, '127.0.0.1');
      await until('the plane answers after the burst', () => answered > before, 30_000);
    },
    close: () => socket.close(),
  };
}

/** Over TCP: a connection for each burst. */
export const tcpSender: Sender = {
  async send(messages, port) {
    const socket = connect({ host: '127.0.0.1', port });
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.resume();
    for (const message of messages) socket.write(message);
    socket.end();
    await closed;
  },
  close() {},
};

/** Over WebSocket: a connection for each burst, one message in each of its messages. */
export const wsSender: Sender = {
  async send(messages, port) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, ['sip'], { perMessageDeflate: false });
    socket.on('error', () => {});
    const closed = once(socket, 'close');
    await once(socket, 'open');
    for (const message of messages) socket.send(message, { binary: true });
    socket.close();
    await closed;
  },
  close() {},
};
