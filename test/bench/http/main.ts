import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { child, haproxy, installed, nginxNode, nginxProxy, type Contender } from './contenders';
import { echoNode, tunnelLoad } from './tunnel-load';

interface Measured {
  readonly name: string;
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly p50: string;
  readonly p99: string;
}

const run = promisify(execFile);
const SECONDS = Number(process.argv[2] ?? 1);
/** All take turns this often, so that a machine that is busy for a while is busy for each of them. */
const ROUNDS = 5;

/**
 * `npm run bench http [SECONDS]`: CPU per request of Triplane beside nginx, haproxy and bare http-proxy, same node, same run, each
 * `SECONDS` in each of five rounds; the round in the middle counts.
 */
async function main(): Promise<void> {
  for (const program of ['wrk', 'nginx', 'haproxy']) {
    if (!installed(program)) throw new Error(`bench http needs ${program}: apt-get install wrk nginx-light haproxy`);
  }
  const sink = createServer((request, response) => request.resume().once('end', () => response.end('{}')));
  await new Promise<void>((resolve) => {
    sink.listen(0, '127.0.0.1', resolve);
  });
  const tracePort = (sink.address() as AddressInfo).port;
  await requests(tracePort);
  await tunnels(tracePort);
  sink.close();
  sink.closeAllConnections();
}

async function requests(tracePort: number): Promise<void> {
  const node = await nginxNode();
  const contenders = [
    await nginxProxy(node.port),
    await haproxy(node.port),
    await child('http-proxy', 'bare-http-proxy.js', [node.port]),
    await child('triplane', 'triplane.js', [node.port, tracePort]),
  ];
  for (const page of ['small', 'big']) {
    for (const contender of contenders) await wrk(contender, page, 1);
    const results = await rounds(contenders, (contender) => wrk(contender, page, SECONDS));
    print(page === 'small' ? 'GET of 100 bytes' : 'GET of 64 KiB', results);
  }
  for (const contender of [...contenders, node]) contender.stop();
}

/** Measures all in turn, several times; of each contender the measurement in the middle. */
async function rounds(
  contenders: readonly Contender[],
  measure: (contender: Contender) => Promise<Measured>,
): Promise<Measured[]> {
  const all = contenders.map((): Measured[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, contender] of contenders.entries()) all[index]?.push(await measure(contender));
  }
  return all.map((of) => of.toSorted((a, b) => a.cpuMicros - b.cpuMicros)[ROUNDS >> 1] as Measured);
}

async function wrk(contender: Contender, page: string, seconds: number): Promise<Measured> {
  const before = contender.cpuMicros();
  const { stdout } = await run('wrk', [
    '-t1',
    '-c50',
    `-d${seconds}s`,
    '--latency',
    `http://127.0.0.1:${contender.port}/${page}`,
  ]);
  const cpu = contender.cpuMicros() - before;
  const count = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
  const errors = /Non-2xx or 3xx responses: (\d+)|Socket errors: .*/.exec(stdout)?.[0];
  if (errors !== undefined) console.log(`  ${contender.name}: ${errors}`);
  return {
    name: contender.name,
    perSecond: count / seconds,
    cpuMicros: cpu / count,
    p50: /^\s+50%\s+(\S+)/m.exec(stdout)?.[1] ?? '',
    p99: /^\s+99%\s+(\S+)/m.exec(stdout)?.[1] ?? '',
  };
}

async function tunnels(tracePort: number): Promise<void> {
  const node = await echoNode();
  const contenders = [
    await child('bare pipe', 'bare-pipe.js', [node.port]),
    await child('triplane', 'triplane.js', [node.port, tracePort]),
  ];
  for (const contender of contenders) await tunnelLoad(contender.port, 1000);
  const results = await rounds(contenders, async (contender) => {
    const before = contender.cpuMicros();
    const trips = await tunnelLoad(contender.port, SECONDS * 1000);
    const cpuMicros = (contender.cpuMicros() - before) / trips;
    return { name: contender.name, perSecond: trips / SECONDS, cpuMicros, p50: '', p99: '' };
  });
  print('WebSocket round trip of 430 bytes', results);
  for (const contender of contenders) contender.stop();
  node.server.close();
}

function print(title: string, results: readonly Measured[]): void {
  const own = results.at(-1)?.cpuMicros ?? 0;
  console.log(`\n${title}`);
  console.log('  proxy        per second   CPU us each   p50       p99       triplane / it');
  for (const { name, perSecond, cpuMicros, p50, p99 } of results) {
    const cells = [perSecond.toFixed(0).padStart(10), cpuMicros.toFixed(1).padStart(13), p50.padEnd(9), p99.padEnd(9)];
    console.log(`  ${name.padEnd(11)} ${cells.join('   ')} ${(own / cpuMicros).toFixed(2).padStart(6)}`);
  }
}

void main();
