import { parseArgs } from 'node:util';
import { Cluster, startService } from '../../support/processes';
import { until } from '../../support/until';
import { background } from './background';
import { CallLoad, type CallRecord } from './call-load';
import { NodeChurn, type ChurnNode } from './node-churn';

/**
 * `npm run soak sip-churn -- [--minutes 10] [--rate 50] [--call 30] [--background 0]`: calls through two planes that share nothing but the control plane,
 * while every 20 s a node joins, leaves, drains, resumes or crashes. Calls that were on no crashed node: none may fail. Calls on a
 * crashed node: every later request reaches one stand-in, whichever plane it comes through. `--background N` keeps each plane busy with N
 * more INVITEs a second.
 */
const EVENT_MS = 20_000;
const LEASE_TTL_MS = 6000;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '50' },
    call: { type: 'string', default: '30' },
    background: { type: 'string', default: '0' },
  },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Verdict {
  readonly calls: number;
  /** INVITEs that a crashed node took with it before the others knew. */
  readonly refusedByCrash: number;
  readonly onCrashed: number;
  readonly failed: readonly string[];
}

function judge(calls: readonly CallRecord[], nodes: readonly ChurnNode[]): Verdict {
  const crashes = nodes.flatMap(({ crashedAtMs }) => (crashedAtMs === undefined ? [] : [crashedAtMs]));
  const failed: string[] = [];
  let refusedByCrash = 0;
  let onCrashed = 0;
  for (const call of calls) {
    const takers = nodes.filter(({ server }) => server.calls.has(call.callId));
    const origin = takers.find(({ server }) => server.calls.get(call.callId)?.includes('INVITE'));
    if (!call.up) {
      const excused = crashes.some((at) => call.startedAtMs > at - 1000 && call.startedAtMs < at + LEASE_TTL_MS + 2000);
      if (excused) refusedByCrash += 1;
      else failed.push(`INVITE at ${Math.round(call.startedAtMs)} ms unanswered`);
      continue;
    }
    if (origin?.crashedAtMs !== undefined) onCrashed += 1;
    const others = takers.filter((node) => node !== origin);
    if (others.length > (origin?.crashedAtMs === undefined ? 0 : 1)) {
      failed.push(`${call.callId} of ${origin?.id} reached ${others.map(({ id }) => id).join(' and ')}`);
    }
    failed.push(...call.lost.map((what) => `${call.callId} of ${origin?.id}: ${what}`));
  }
  return { calls: calls.length, refusedByCrash, onCrashed, failed };
}

async function main(): Promise<void> {
  const cluster = await new Cluster().start();
  const second = await startService('sip-plane', {
    set: [
      'log.format=json',
      `cluster.stateDir=${cluster.stateDir}`,
      `cluster.controlPlanes=["${cluster.control.addresses['grpc']}"]`,
      ...['external', 'internal'].flatMap((leg) => ['udp', 'tcp'].map((transport) => `sip.${leg}.${transport}Port=0`)),
      'sip.admin.port=0',
      'sip.planeId=sip-second',
    ],
  });
  const churn = new NodeChurn(cluster);
  for (let i = 0; i < 4; i += 1) await churn.join();
  const planes = [cluster.sip.addresses['external.udp'] ?? '', second.addresses['external.udp'] ?? ''];
  const seconds = Number(values.minutes) * 60;
  const others = background(cluster, values.background === '0' ? [] : planes, seconds, Number(values.background));
  const load = new CallLoad({
    planes,
    callsPerSecond: Number(values.rate),
    callMs: Number(values.call) * 1000,
  });
  await load.start();
  const end = performance.now() + seconds * 1000;
  while (performance.now() + EVENT_MS < end) {
    const due = performance.now() + EVENT_MS;
    await until('the next event is due', () => performance.now() >= due, EVENT_MS * 2);
    say(`${Math.round(performance.now() / 1000)} s: ${await churn.next()}; ${load.calls.length} calls so far`);
  }
  await load.stop();
  for (const { sent, answered } of await others) say(`beside them ${answered} of ${sent} INVITEs answered`);
  const verdict = judge(load.calls, churn.nodes);
  await churn.close();
  await second.stop();
  await cluster.close();
  for (const line of verdict.failed.slice(0, 20)) say(`FAIL ${line}`);
  say(
    `${verdict.calls} calls, ${verdict.onCrashed} of them on crashed nodes, ${verdict.refusedByCrash} INVITEs lost with a node before its lease ended, ${verdict.failed.length} failures`,
  );
  process.exitCode = verdict.failed.length === 0 ? 0 : 1;
}

void main();
