import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { direct, haproxy, nodeSmppRelay, triplane, type Contender, type SinkPorts } from './contenders';
import { generate, type Load } from './generator';

/** `npm run bench smpp [seconds]`: CPU, rate and latency of submit_sm + submit_sm_resp beside haproxy and a relay of the smpp package. */
const SECONDS = Number(process.argv[2] ?? 5);

interface Workload {
  readonly name: string;
  readonly load: Omit<Load, 'port' | 'seconds'>;
}

const workloads: readonly Workload[] = [
  { name: '4 sessions x window 50, closed loop', load: { sessions: 4, window: 50 } },
  { name: '100 sessions x window 10, closed loop', load: { sessions: 100, window: 10 } },
  { name: '100 sessions, 10 000 submits/s paced', load: { sessions: 100, window: 50, rate: 10_000 } },
];

interface Row {
  readonly contender: string;
  readonly 'submits/s': number;
  readonly 'CPU us/submit': number | string;
  readonly 'p50 ms': string;
  readonly 'p99 ms': string;
  readonly refused: number;
  readonly 'RSS MB': string;
}

async function measure(contender: Contender, { load }: Workload): Promise<Row> {
  let before = 0;
  let spent: number | undefined;
  const outcome = await generate(
    { ...load, port: contender.port, seconds: SECONDS },
    () => {
      before = contender.cpuMicros() ?? 0;
    },
    () => {
      const after = contender.cpuMicros();
      spent = after === undefined ? undefined : after - before;
    },
  );
  return {
    contender: contender.name,
    'submits/s': Math.round(outcome.perSecond),
    'CPU us/submit': spent === undefined ? '' : Number((spent / outcome.submits).toFixed(2)),
    'p50 ms': outcome.p50Ms.toFixed(2),
    'p99 ms': outcome.p99Ms.toFixed(2),
    refused: outcome.refused,
    'RSS MB': contender.rssMb()?.toFixed(0) ?? '',
  };
}

async function main(): Promise<void> {
  const child = fork(path.join(__dirname, 'sink.js'));
  const [sink] = (await once(child, 'message')) as [SinkPorts];
  const makers: readonly (() => Promise<Contender | undefined>)[] = [
    async () => direct(sink),
    () => haproxy(sink),
    () => triplane(sink, { name: 'triplane' }),
    () => triplane(sink, { name: 'triplane, 1 % traced', traceRatio: 0.01 }),
    () => triplane(sink, { name: 'triplane, pool', settings: ['smpp.mode=pool', 'smpp.maxInFlight=10000'] }),
    () => nodeSmppRelay(sink),
  ];
  for (const workload of workloads) {
    const rows: Row[] = [];
    for (const make of makers) {
      const contender = await make();
      if (contender === undefined) {
        console.log('haproxy is not installed (apt-get install haproxy): left out');
        continue;
      }
      rows.push(await measure(contender, workload));
      await contender.stop();
    }
    console.log(`\n${workload.name}`);
    console.table(rows);
    printRatios(rows);
  }
  child.disconnect();
}

function printRatios(rows: readonly Row[]): void {
  const cpu = (name: string): number => Number(rows.find(({ contender }) => contender === name)?.['CPU us/submit']);
  const own = cpu('triplane, 1 % traced');
  const ratio = (name: string): string => (own / cpu(name)).toFixed(3);
  console.log(
    `CPU of triplane (1 % traced): ${own} us per submit + answer; ${ratio('node-smpp relay')} of the node-smpp relay (budget 0.125), ${ratio('haproxy tcp')} of haproxy tcp`,
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
