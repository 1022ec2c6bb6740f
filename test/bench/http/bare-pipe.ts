import { connect, createServer, type AddressInfo } from 'node:net';

/** Child of the benchmark: two sockets piped into each other and nothing else. Argument: port of the node. */
const server = createServer({ noDelay: true }, (client) => {
  const node = connect({ port: Number(process.argv[2]), host: '127.0.0.1', noDelay: true });
  client.pipe(node).pipe(client);
  client.on('error', () => node.destroy());
  node.on('error', () => client.destroy());
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
