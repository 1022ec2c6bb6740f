import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo } from 'node:net';

/** A port that is free for UDP and TCP on 127.0.0.1 just now, for peers that cannot take port 0. */
export async function freePort(): Promise<number> {
  for (;;) {
    const tcp = createServer();
    await new Promise<void>((resolve) => {
      tcp.listen(0, '127.0.0.1', resolve);
    });
    const { port } = tcp.address() as AddressInfo;
    const udpFree = await new Promise<boolean>((resolve) => {
      const udp = createSocket('udp4');
      udp.once('error', () => resolve(false));
      udp.bind(port, '127.0.0.1', () => udp.close(() => resolve(true)));
    });
    await new Promise((resolve) => {
      tcp.close(resolve);
    });
    if (udpFree) return port;
  }
}
