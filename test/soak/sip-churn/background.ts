import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { compileGenerator, type Load } from '../../bench/sip/compile-generator';
import { freePort } from '../../support/free-port';
import type { Cluster } from '../../support/processes';

const WINDOW = 256;

/**
 * INVITEs at a steady rate through each plane to a node of their own, so that the planes work while calls are watched. The node has
 * weight 0, which no new call chooses, and the INVITEs name it in their Request-URI.
 */
export async function background(
  cluster: Cluster,
  planes: readonly string[],
  seconds: number,
  perSecond: number,
): Promise<readonly Load[]> {
  const generator = compileGenerator();
  return Promise.all(
    planes.map(async (plane, index) => {
      const node = `${await freePort()}`;
      await cluster.startNode(`background${index}`, '--sip-udp', node, '--weight', '0');
      const port = plane.split(':').at(-1) ?? '';
      const args = [port, node, `${WINDOW}`, `${seconds}`, `${perSecond}`, `127.0.0.1:${node}`];
      const child = spawn(generator, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await once(child, 'close');
      return JSON.parse(text) as Load;
    }),
  );
}
