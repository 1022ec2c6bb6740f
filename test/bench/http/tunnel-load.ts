import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const HANDSHAKE =
  'GET /ws HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';
const MESSAGE = Buffer.alloc(430, 0x61);

/** A node that switches protocols, then echoes. */
export async function echoNode(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(SWITCHED);
      socket.on('data', (bytes) => socket.write(bytes));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { port: (server.address() as AddressInfo).port, server };
}

/** Sends messages of 430 bytes over 20 tunnels, each when the last came back; returns the round trips done. */
export async function tunnelLoad(port: number, ms: number): Promise<number> {
  let trips = 0;
  const sockets = await Promise.all(Array.from({ length: 20 }, () => open(port)));
  for (const socket of sockets) {
    let left = MESSAGE.length;
    socket.on('data', (bytes: Buffer) => {
      left -= bytes.length;
      if (left > 0) return;
      left = MESSAGE.length;
      trips += 1;
      socket.write(MESSAGE);
    });
    socket.write(MESSAGE);
  }
  await pause(ms);
  for (const socket of sockets) socket.destroy();
  return trips;
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.write(HANDSHAKE);
    socket.once('data', () => resolve(socket));
  });
}
