import { fork, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, get, request, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BIG_BYTES, readSlowly, writeAll } from './bodies';

/**
 * `npm run soak http-slow`: another client's p99 while slowhttptest holds connections open by slow heads, bodies and reads, measured in
 * turn with none of it; then an upload and a download of 300 MB with a slow peer. Ends with 1 when a p99 is over twice the idle one, or the
 * memory of the plane grows by 64 MB. Needs slowhttptest.
 */
const ATTACKS = {
  headers: ['-H', '-i', '5'],
  body: ['-B', '-i', '5', '-s', '8192', '-t', 'POST'],
  read: ['-X', '-w', '256', '-y', '512', '-n', '5', '-z', '32', '-k', '1'],
} as const;
const ROUNDS = 5;
const MEASURE_MS = 3000;
const CONNECTIONS = 500;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** p99 of requests one after the other over one kept connection, ms. */
async function p99(port: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  const end = performance.now() + MEASURE_MS;
  while (performance.now() < end) {
    const startMs = performance.now();
    const { statusCode } = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent }, (answer) => {
        answer.resume().once('end', () => resolve(answer));
      }).once('error', reject);
    });
    if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    times.push(performance.now() - startMs);
    await pause(2);
  }
  agent.destroy();
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
}

function rssMb(plane: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${plane.pid}/status`, 'utf8'))?.[1]) / 1024;
}

const TICK_MS = 10;

/** CPU time of a process so far. */
function cpuMs(child: ChildProcess): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

const shown = (all: readonly number[]): string => all.map((ms) => ms.toFixed(1)).join(' ');

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

async function attacked(port: number, kind: keyof typeof ATTACKS, plane: ChildProcess): Promise<boolean> {
  const url = `http://127.0.0.1:${port}${kind === 'read' ? '/page' : '/'}`;
  const [idle, under, busy]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    idle.push(await p99(port));
    const size = ['-c', String(CONNECTIONS), '-r', '500'];
    const args = [...size, '-l', '60', '-x', '24', '-p', '3', ...ATTACKS[kind], '-u', url];
    const attack = spawn('slowhttptest', args, { stdio: 'ignore' });
    const gone = new Promise((resolve) => {
      attack.once('exit', resolve).once('error', resolve);
    });
    await pause(3000);
    const before = cpuMs(plane);
    under.push(await p99(port));
    busy.push(((cpuMs(plane) - before) / MEASURE_MS) * 100);
    attack.kill('SIGKILL');
    await gone;
    await pause(500);
  }
  const ratio = median(under) / median(idle);
  say(
    `slow ${kind}: p99 ms idle ${shown(idle)} | attacked ${shown(under)} | medians ${ratio.toFixed(2)} x | plane busy ${shown(busy)} %`,
  );
  return ratio < 2;
}

async function bigBodies(port: number, plane: ChildProcess): Promise<boolean> {
  const before = rssMb(plane);
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, rssMb(plane))), 50);
  const down = await new Promise<number>((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/big' }, (answer) => void readSlowly(answer).then(resolve)).once(
      'error',
      reject,
    );
  });
  const afterDownload = most;
  const up = await new Promise<string>((resolve, reject) => {
    const upload = request({ port, host: '127.0.0.1', method: 'POST' }, (answer) => {
      answer.setEncoding('utf8').once('data', resolve);
    }).once('error', reject);
    void writeAll(upload);
  });
  clearInterval(watch);
  say(
    `300 MB: downloaded ${down}, uploaded ${up} bytes; RSS ${before.toFixed(0)} MB before, at most ${afterDownload.toFixed(0)} MB ` +
      `while downloading, ${most.toFixed(0)} MB while uploading too`,
  );
  return down === BIG_BYTES && Number(up) === BIG_BYTES && most - before < 64;
}

async function start(
  script: string,
  args: readonly (string | number)[],
): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(path.join(__dirname, script), args.map(String));
  const { port } = await new Promise<{ port: number }>((resolve) => {
    child.once('message', (message) => resolve(message as { port: number }));
  });
  return { child, port };
}

async function main(): Promise<void> {
  const node = await start('node.js', []);
  const { child: plane, port } = await start('../http-fuzz/plane.js', [node.port, 60_000]);
  await p99(port);
  const results = [await bigBodies(port, plane)];
  for (const kind of ['headers', 'body', 'read'] as const) results.push(await attacked(port, kind, plane));
  plane.kill();
  node.child.kill();
  process.exit(results.every(Boolean) ? 0 : 1);
}

void main();
