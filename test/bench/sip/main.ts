import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compileGenerator, type Load } from './compile-generator';
import { kamailio, triplane, type Contender } from './contenders';

const run = promisify(execFile);
const SECONDS = Number(process.argv[2] ?? 4);
const WINDOW = 256;
const NODE_PORT = 27_071;
const KAMAILIO_PORT = 27_060;

interface Row {
  readonly name: string;
  /** Forwarded messages a second, closed loop. */
  readonly messages: number;
  /** CPU per forwarded message, µs. */
  readonly cpu: number;
  readonly half: Load;
}

/** `npm run bench sip [SECONDS]`: INVITE and 200 over UDP through Triplane and Kamailio, one worker each, the same load in the same run. */
async function main(): Promise<void> {
  const generator = compileGenerator();
  const rows: Row[] = [];
  let half = 0;
  for (const start of [
    () => kamailio(KAMAILIO_PORT, NODE_PORT),
    () => triplane('dgram', NODE_PORT),
    () => triplane('auto', NODE_PORT),
  ]) {
    const contender = await start();
    if (contender === undefined) {
      console.log('kamailio is not installed (apt-get install kamailio): no ratios');
      continue;
    }
    const row = await measure(generator, contender, half);
    half = half === 0 ? Math.floor(row.messages / 4) : half;
    rows.push(row);
    await contender.stop();
  }
  print(rows);
}

/** Closed loop for throughput and CPU, then `half` INVITEs a second (0: half of its own throughput) for latency. */
async function measure(generator: string, contender: Contender, half: number): Promise<Row> {
  await load(generator, contender, 1, 0);
  const before = contender.cpuMicros();
  const full = await load(generator, contender, SECONDS, 0);
  const cpu = (contender.cpuMicros() - before) / (2 * full.answered);
  const rate = half === 0 ? Math.floor(full.perSecond / 2) : half;
  return {
    name: contender.name,
    messages: full.perSecond * 2,
    cpu,
    half: await load(generator, contender, SECONDS, rate),
  };
}

async function load(generator: string, { port, nodePort }: Contender, seconds: number, rate: number): Promise<Load> {
  const { stdout } = await run(generator, [port, nodePort, WINDOW, seconds, rate].map(String));
  return JSON.parse(stdout) as Load;
}

function print(rows: readonly Row[]): void {
  const peer = rows.find(({ name }) => name.startsWith('kamailio'));
  console.log(`INVITE of ${rows[0]?.half.inviteBytes} bytes + 200, UDP, one node, ${SECONDS} s, window ${WINDOW}\n`);
  console.log(
    '                          msg/s    CPU us/msg  ratio CPU  ratio msg/s  at half load: INVITE/s  p50 us  p99 us  lost',
  );
  for (const { name, messages, cpu, half } of rows) {
    const ratios =
      peer === undefined ? ['-', '-'] : [(cpu / peer.cpu).toFixed(2), (messages / peer.messages).toFixed(2)];
    console.log(
      [
        name.padEnd(26),
        String(Math.round(messages)).padEnd(9),
        cpu.toFixed(2).padEnd(12),
        (ratios[0] ?? '').padEnd(11),
        (ratios[1] ?? '').padEnd(27),
        String(half.perSecond).padEnd(10),
        String(half.p50Us).padEnd(8),
        String(half.p99Us).padEnd(8),
        String(half.lost),
      ].join(''),
    );
  }
}

void main();
