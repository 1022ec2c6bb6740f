import { parseArgs } from 'node:util';
import { residentMb } from '../../support/process-memory';
import { Cluster } from '../../support/processes';
import { seededRandom } from '../../support/seeded-random';
import { SipClient, SipServer } from '../../support/sip-endpoints';
import { mutated } from '../../support/sip-mutations';
import { tcpSender, udpSender, wsSender, type Sender } from './senders';

/**
 * `npm run soak sip-fuzz -- [--messages 1000000] [--seed 1]`: mutated messages to the SIP plane's own process, over UDP, TCP and WebSocket, from
 * outside and from inside, the same ones for the same seed. Every 5000 messages a call is made beside them and must complete. At the
 * end: the process lives, its memory did not grow (the least of the last third at most 10 % above the least of the second), and what
 * became of the messages by reason.
 */
const BURST = 50;
const CALL_EVERY = 5000;
const MOST_GROWTH = 1.1;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: { messages: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Refused and dropped messages by reason, and all that came, from the plane's own page. */
async function counted(cluster: Cluster): Promise<readonly string[]> {
  const page = await (await fetch(`http://${cluster.sip.addresses['admin']}/metrics`)).text();
  return page
    .split('\n')
    .filter((line) =>
      /sip_(rejects|drops|cuts|handshakes|dialFailures|external_requests|internal_requests)/i.test(line),
    )
    .filter((line) => !line.startsWith('#') && !line.endsWith(' 0'));
}

async function main(): Promise<void> {
  const most = Number(values.messages);
  const random = seededRandom(Number(values.seed));
  const cluster = await new Cluster({ set: ['sip.external.wsPort=0', 'sip.internal.wsPort=0'] }).start();
  const server = await SipServer.start();
  await cluster.startNode('app1', '--sip-udp', `${server.port}`);
  const client = await SipClient.start(cluster.sip.addresses['external.udp'] ?? '');
  const senders: readonly (readonly [string, Sender])[] = [
    ['udp', await udpSender()],
    ['udp', await udpSender()],
    ['tcp', tcpSender],
    ['ws', wsSender],
  ];
  const memory: number[] = [];
  let failedCalls = 0;
  for (let sent = 0; sent < most && cluster.sip.exitCode() === undefined; sent += BURST) {
    const [transport, sender] = senders[(sent / BURST) % senders.length] ?? ['udp', tcpSender];
    const leg = random() < 0.7 ? 'external' : 'internal';
    const port = Number(cluster.sip.addresses[`${leg}.${transport}`]?.split(':').at(-1));
    await sender.send(
      Array.from({ length: BURST }, () => mutated(random)),
      port,
    );
    if (sent % CALL_EVERY !== 0) continue;
    const dialog = await client.call();
    if (dialog === undefined || (await client.bye(dialog)) !== 200) failedCalls += 1;
    memory.push(residentMb(cluster.sip.pid));
    if (sent % (CALL_EVERY * 20) === 0) say(`${sent} messages, ${memory.at(-1)?.toFixed(1)} MB`);
  }
  const alive = cluster.sip.exitCode() === undefined;
  for (const line of alive ? await counted(cluster) : [cluster.sip.output().slice(-3000)]) say(line);
  const third = Math.floor(memory.length / 3);
  const [middle, last] = [memory.slice(third, 2 * third), memory.slice(-third)].map((part) => Math.min(...part));
  for (const [, sender] of senders) sender.close();
  client.close();
  server.close();
  await cluster.close();
  say(
    `${most} messages, seed ${values.seed}; process ${alive ? 'alive' : 'ENDED'}; ${failedCalls} calls failed beside them`,
  );
  say(`memory: ${middle?.toFixed(1)} MB in the second third, ${last?.toFixed(1)} MB in the last`);
  const flat = (last ?? 0) <= (middle ?? 0) * MOST_GROWTH;
  process.exitCode = alive && failedCalls === 0 && flat ? 0 : 1;
}

void main();
