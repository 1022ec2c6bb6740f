import type { HttpConfig } from '../../runtime/config';
import { httpNode, httpPlane, type HttpPlaneFixture } from './http-plane-fixture';
import { RawClient, RawServer, answer, type RawConnection } from './raw-http';

/** One plane between raw clients and one raw node, for tests of what passes byte by byte. */
export interface HttpHop {
  readonly node: RawServer;
  readonly fixture: HttpPlaneFixture;
  /** A fresh client. */
  client(): RawClient;
  close(): Promise<void>;
}

/**
 * The node sends `reply` once for each head that it gets (bodies are not waited for), then ends its side when `thenEnd` is set.
 * A function in place of the text sees the connection.
 */
export async function httpHop(
  reply: string | ((connection: RawConnection) => void) = answer('ok'),
  overrides: Partial<HttpConfig> & { readonly thenEnd?: boolean } = {},
): Promise<HttpHop> {
  const { thenEnd = false, ...config } = overrides;
  const answered = new WeakMap<RawConnection, number>();
  const node = await RawServer.start((connection) => {
    if (typeof reply === 'function') {
      reply(connection);
      return;
    }
    const heads = connection.received.split('\r\n\r\n').length - 1;
    if (heads <= (answered.get(connection) ?? 0)) return;
    answered.set(connection, heads);
    connection.socket.write(reply, 'latin1');
    if (thenEnd) connection.socket.end();
  });
  const fixture = await httpPlane([httpNode('app1', node.port)], config);
  const clients: RawClient[] = [];
  return {
    node,
    fixture,
    client() {
      const client = new RawClient(fixture.port);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await fixture.plane.close();
      await node.close();
    },
  };
}
