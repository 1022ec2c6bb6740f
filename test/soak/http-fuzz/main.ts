import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { RawClient, RawServer } from '../../support/raw-http';
import { seededRandom } from '../../support/seeded-random';
import { markOf, marksIn, mutated } from './mutations';

/**
 * `npm run soak http-fuzz [COUNT]`: COUNT (100 000) mutated requests and as many mutated answers through one plane, whole requests between
 * them on the same and on other connections. Ends with 1 when the plane dies, a client gets a mark of a request that it did not send, or
 * the plane does not answer at the end.
 */
const COUNT = Number(process.argv[2] ?? 100_000);
const AT_ONCE = 400;
const LIMIT_MS = 5000;

interface Plane {
  readonly port: number;
  readonly process: ChildProcess;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const random = seededRandom(20_261_122);
let sent = 0;
let answered = 0;
let foreign = 0;

async function startPlane(nodePort: number): Promise<Plane> {
  const spawned = fork(path.join(__dirname, 'plane.js'), [String(nodePort), '300']);
  const { port } = await new Promise<{ port: number }>((resolve) => {
    spawned.once('message', (message) => resolve(message as { port: number }));
  });
  spawned.once('exit', (code, signal) => {
    say(`FAIL the plane ended: ${code ?? signal}`);
    process.exit(1);
  });
  return { port, process: spawned };
}

/** Answers each whole head with the mark that is in it; `change` may spoil the answer. */
function markNode(change: (answer: string) => string): Promise<RawServer> {
  const seen = new WeakMap<object, number>();
  return RawServer.start((connection) => {
    const from = seen.get(connection) ?? 0;
    const end = connection.received.lastIndexOf('\r\n\r\n');
    if (end < from) return;
    seen.set(connection, end + 4);
    for (const number of marksIn(connection.received.slice(from, end + 4))) {
      const body = markOf(number);
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nX-Mark: ${body}\r\n\r\n`;
      connection.socket.write(change(head + body), 'latin1');
    }
  });
}

const whole = (number: number): string => `GET /a HTTP/1.1\r\nHost: x\r\nX-Mark: ${markOf(number)}\r\n\r\n`;

function post(number: number): string {
  const head = `POST /a HTTP/1.1\r\nHost: x\r\nX-Mark: ${markOf(number)}\r\n`;
  return random() < 0.5
    ? `${head}Content-Length: 5\r\n\r\nhello`
    : `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
}

/** One connection with three requests; `spoil` says how the one in the middle looks. */
async function talk(port: number, spoil: (text: string) => string): Promise<void> {
  const own = new Set<number>();
  const client = new RawClient(port);
  // A whole one before and behind it: the first is answered, the last only if the one in the middle left no doubt.
  const text = [whole, (number: number): string => spoil(post(number)), whole]
    .map((make) => {
      sent += 1;
      own.add(sent);
      return make(sent);
    })
    .join('');
  client.socket.end(text, 'latin1');
  const end = performance.now() + LIMIT_MS;
  while (!client.closed && performance.now() < end) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  client.destroy();
  for (const number of marksIn(client.received)) {
    if (own.has(number)) answered += 1;
    else foreign += 1;
  }
}

async function phase(
  what: string,
  { spoil, change }: Record<'spoil' | 'change', (text: string) => string>,
): Promise<void> {
  const node = await markNode(change);
  const plane = await startPlane(node.port);
  const from = sent;
  answered = 0;
  while (sent - from < 3 * COUNT) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => talk(plane.port, spoil)));
    for (const { socket } of node.connections.splice(0)) socket.destroy();
  }
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${plane.process.pid}/status`, 'utf8'))?.[1];
  say(
    `${what}: ${sent - from} sent, ${answered} marks came back, ${foreign} of others, plane at ${Number(rss) >> 10} MB`,
  );
  const last = new RawClient(plane.port).send('GET / HTTP/1.1\r\n\r\n');
  await last.until('HTTP/1.1 400');
  last.destroy();
  plane.process.removeAllListeners('exit').kill();
  await node.close();
}

const same = (text: string): string => text;
const spoilt = (text: string): string => mutated(text, random);

async function main(): Promise<void> {
  await phase('mutated requests', { spoil: spoilt, change: same });
  await phase('mutated answers', { spoil: same, change: (text) => (random() < 0.7 ? spoilt(text) : text) });
  process.exitCode = foreign === 0 && answered > 0 ? 0 : 1;
}

void main();
