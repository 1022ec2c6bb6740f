import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenError } from '../../runtime/errors';
import type { Service } from '../../runtime/service';
import type { JsonHeartbeats, JsonReply } from './json-heartbeats';

const MAX_BODY_BYTES = 65_536;
const MAX_CONNECTIONS = 1000;
const REQUEST_MS = 5000;

/** Listens for the predecessor's heartbeats: POST of one JSON object, one reply, then the connection closes. Throws ADDRESS_…. */
export async function listenForJson(heartbeats: JsonHeartbeats, at: { host: string; port: number }): Promise<Service> {
  const server = createServer((request, response) => {
    answer(heartbeats, request).then(
      (reply) => send(response, reply),
      () => response.destroy(),
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = REQUEST_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError('control plane JSON heartbeat', at.host, at.port, error)));
    server.listen(at.port, at.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    addresses: { heartbeat: `${at.host.includes(':') ? `[${at.host}]` : at.host}:${port}` },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(heartbeats: JsonHeartbeats, request: IncomingMessage): Promise<JsonReply> {
  if (request.method !== 'POST') return { status: 405, body: { error: 'NOK', reason: 'expected POST' } };
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return { status: 413, body: { error: 'NOK', reason: 'expected at most 64 KiB' } };
    chunks.push(chunk);
  }
  const packet = parsed(Buffer.concat(chunks).toString('utf8'));
  if (packet === undefined) return { status: 400, body: { error: 'NOK', reason: 'expected JSON' } };
  return await heartbeats.take(packet, bareAddress(request.socket.remoteAddress ?? ''));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bareAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

function send(response: ServerResponse, { status, body }: JsonReply): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    Connection: 'close',
  });
  response.end(text);
}
