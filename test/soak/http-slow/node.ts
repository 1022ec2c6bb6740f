import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readSlowly, writeAll } from './bodies';

/** Child of the soak, a node: 1 KiB at /, 1 MiB at /page, 300 MB at /big; uploads are read slowly and counted. Reports its port. */
const small = Buffer.alloc(1024, 0x79);
const page = Buffer.alloc(1_048_576, 0x79);

const node = createServer((incoming, response) => {
  if (incoming.method === 'POST') void readSlowly(incoming).then((bytes) => response.end(String(bytes)));
  else if (incoming.url === '/big') void writeAll(response);
  else response.end(incoming.url === '/page' ? page : small);
});
node.listen(0, '127.0.0.1', () => process.send?.({ port: (node.address() as AddressInfo).port }));
