import { setTimeout as pause } from 'node:timers/promises';
import { RawClient, RawServer } from '../../support/raw-http';
import { child, haproxy, installed, nginxProxy, type Contender } from '../http/contenders';
import { DEFAULT_REPLY, probes, type Probe, type Seen } from './probes';

/** A probe is over when nothing has come for this long, or after the limit. */
const QUIET_MS = 200;
const LIMIT_MS = 2000;

/** `npm run bench http-probes`: what nginx, haproxy and Triplane do with each probe. Ends with 1 when a Triplane cell is not as required. */
async function main(): Promise<void> {
  let probe: Probe | undefined;
  const node = await RawServer.start((connection) => {
    if (!connection.received.includes('\r\n\r\n')) return;
    connection.socket.write(probe?.reply ?? DEFAULT_REPLY, 'latin1');
    if (probe?.ends === true) connection.socket.end();
  });
  const contenders: Contender[] = [];
  if (installed('nginx')) contenders.push(await nginxProxy(node.port));
  if (installed('haproxy')) contenders.push(await haproxy(node.port));
  contenders.push(await child('triplane', '../http/triplane.js', [node.port, 9]));
  console.log(`${'probe'.padEnd(34)} ${contenders.map(({ name }) => name.padEnd(12)).join(' ')}`);
  let faults = 0;
  for (probe of probes) {
    const cells: string[] = [];
    for (const contender of contenders) {
      const seen = await send(contender, node, probe);
      const good = probe.wanted(seen);
      if (!good && contender.name === 'triplane') faults += 1;
      cells.push((good ? 'as required' : inShort(seen)).padEnd(12));
    }
    console.log(`${probe.name.padEnd(34)} ${cells.join(' ')}`);
  }
  console.log(`\n${probes.length} probes, ${faults} Triplane cells not as required`);
  for (const contender of contenders) contender.stop();
  await node.close();
  process.exitCode = faults === 0 ? 0 : 1;
}

async function send(contender: Contender, node: RawServer, probe: Probe): Promise<Seen> {
  for (const { socket } of node.connections.splice(0)) socket.destroy();
  // A proxy notices the end of its idle connections before it gets the next probe.
  await pause(30);
  const client = new RawClient(contender.port);
  client.send(probe.request);
  const end = performance.now() + LIMIT_MS;
  let quiet = { bytes: 0, sinceMs: performance.now() };
  while (performance.now() < end && !client.closed) {
    await pause(10);
    const bytes = client.received.length + node.received.length;
    if (bytes !== quiet.bytes) quiet = { bytes, sinceMs: performance.now() };
    if (probe.leaves === true && node.received !== '') client.destroy();
    if (client.received !== '' && performance.now() - quiet.sinceMs > QUIET_MS) break;
  }
  // Whoever left is closed on our side at once; the node's side is what counts.
  while (probe.leaves === true && performance.now() < end && node.open > 0) await pause(10);
  const { open } = node;
  client.destroy();
  return { client: client.received, node: node.received, open };
}

/** A cell that is not as required: the status that came, and whether the node saw the request. */
function inShort({ client, node }: Seen): string {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(client)?.[1] ?? 'silence';
  return node === '' ? status : `${status}, sent`;
}

void main();
