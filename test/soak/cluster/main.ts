import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { consulBinary } from '../../support/consul-binary';
import type { ControlProcess } from '../../support/control-cluster';
import { until } from '../../support/until';
import { saySince } from '../say-since';
import type { Load } from './load';
import type { PlaneProcess } from './plane-process';
import { SipLoad } from './sip-load';
import { SubmitLoad } from './submit-load';
import { Topology } from './topology';
import { WebLoad } from './web-load';

/**
 * `npm run soak cluster -- [--rate 20] [--quiet 8]`: three Consul servers, three control planes, two planes of each protocol, traffic of all
 * three protocols on all planes. kill -9 in turn of a control plane, the leader of Consul, a plane of each protocol, two control planes;
 * each is started again. Wanted: all views equal within 10 s of each event, and nothing failed but on killed planes.
 */
const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: { rate: { type: 'string', default: '20' }, quiet: { type: 'string', default: '8' } },
});
const RATE = Number(values.rate);
const QUIET_MS = Number(values.quiet) * 1000;
const EQUAL_WITHIN_MS = 10_000;
/** Views that were equal for so long are. */
const SETTLED_MS = 2000;
const GIVE_UP_MS = 60_000;
/** Long enough for a control plane without Consul to send its nodes away. */
const CUT_OFF_MS = 15_000;
/** Work that began so long before a plane was killed may have been on it. */
const WORK_MS = { sip: 3000, http: 200, smpp: 200 } as const;
/** Clients of a killed plane need so long to find it again: a bind is made anew, a retransmission goes out. */
const BACK_MS = 1000;

const begun = performance.now();
const say = saySince(begun);

type Kind = keyof typeof WORK_MS;
const kindOf = (plane: string): Kind => plane.split('-')[0] as Kind;

/** Failures that no kill of the plane itself explains. */
function unexplained({ plane, failures }: Load, { outages }: PlaneProcess): string[] {
  return failures
    .filter(({ atMs }) =>
      outages.every(({ fromMs, toMs }) => atMs < fromMs - WORK_MS[kindOf(plane)] || atMs > toMs + BACK_MS),
    )
    .map(({ atMs, what }) => `${plane} at ${((atMs - begun) / 1000).toFixed(1)} s: ${what}`);
}

function loadsOf(topology: Topology): Load[] {
  return topology.planes.map(({ id, address }) => {
    switch (kindOf(id)) {
      case 'sip':
        return new SipLoad(id, address, RATE, WORK_MS.sip);
      case 'http':
        return new WebLoad(id, address, RATE);
      case 'smpp':
        return new SubmitLoad(id, address, RATE);
    }
  });
}

class Story {
  readonly #topology: Topology;
  readonly #loads: readonly Load[];
  readonly late: string[] = [];

  constructor(topology: Topology, loads: readonly Load[]) {
    this.#topology = topology;
    this.#loads = loads;
  }

  /** Does it, then looks ten times a second, for `quietMs`, whether those control planes and all planes agree. */
  async event(
    what: string,
    act: () => Promise<void>,
    controls: readonly ControlProcess[],
    quietMs = QUIET_MS,
  ): Promise<void> {
    say(what);
    const sent = this.#sent();
    await act();
    const at = performance.now();
    let unequalMs = 0;
    while (performance.now() - at < quietMs || unequalMs > quietMs - SETTLED_MS) {
      if (!(await this.#topology.agrees(controls))) unequalMs = performance.now() - at;
      if (unequalMs > GIVE_UP_MS) break;
      await pause(100);
    }
    if (unequalMs > EQUAL_WITHIN_MS) this.late.push(`${what}: views were unequal for ${Math.round(unequalMs)} ms`);
    const heads = `${controls.length} control planes and ${this.#topology.planes.filter(({ running }) => running).length} planes`;
    say(`  views of ${heads} equal from ${(unequalMs / 1000).toFixed(1)} s on`);
    say(`  ${this.#sent() - sent} calls, requests and submits, ${this.failed()} failures beyond killed planes so far`);
  }

  failed(): number {
    return this.#loads.reduce((sum, load) => sum + unexplained(load, this.#topology.plane(load.plane)).length, 0);
  }

  #sent(): number {
    return this.#loads.reduce((sum, load) => sum + load.sent, 0);
  }
}

async function tell(story: Story, topology: Topology): Promise<void> {
  const { controls, consul, planes } = topology;
  const [one, two, three] = controls as [ControlProcess, ControlProcess, ControlProcess];
  await story.event('everything runs', () => Promise.resolve(), controls);
  await story.event('kill -9 control plane 1', () => one.kill(), [two, three]);
  await story.event('control plane 1 is back', () => one.start(), controls);
  const leader = await consul.leader();
  const others = controls.filter((_, index) => index !== leader);
  await story.event(`kill -9 the leader of Consul, ${leader + 1}`, () => consul.kill(leader), others, CUT_OFF_MS);
  await story.event('that Consul server is back', () => Promise.resolve(consul.run(leader)), controls);
  for (const plane of planes.filter(({ id }) => id.endsWith('-2'))) {
    await story.event(`kill -9 plane ${plane.id}`, () => plane.kill(), controls);
    await story.event(`plane ${plane.id} is back`, () => plane.run(), controls);
  }
  const both = async (): Promise<void> => void (await Promise.all([two.kill(), three.kill()]));
  await story.event('kill -9 control planes 2 and 3', both, [one]);
  await story.event('both are back', async () => void (await Promise.all([two.start(), three.start()])), controls);
}

async function main(): Promise<void> {
  const binary = consulBinary();
  if (binary === undefined) throw new Error('there is no Consul; "node scripts/fetch-consul.js" tries to get one');
  const topology = new Topology(binary);
  try {
    say('three Consul servers, three control planes, six planes, four nodes start');
    await topology.start();
    await until('all agree', () => topology.agrees(topology.controls), 60_000);
    const loads = loadsOf(topology);
    for (const load of loads) await load.start();
    say(`traffic: ${RATE} calls, requests or submits a second on each of ${loads.length} planes`);
    const story = new Story(topology, loads);
    await tell(story, topology);
    await Promise.all(loads.map((load) => load.stop()));
    const failed = loads.flatMap((load) => unexplained(load, topology.plane(load.plane)));
    for (const load of loads) {
      const beyond = unexplained(load, topology.plane(load.plane)).length;
      say(
        `${load.plane.padEnd(7)} ${load.sent} sent, ${load.failures.length - beyond} failed while it was killed, ${beyond} beyond`,
      );
    }
    for (const line of [...failed.slice(0, 20), ...story.late]) say(`FAIL ${line}`);
    process.exitCode = failed.length + story.late.length === 0 ? 0 : 1;
  } finally {
    await topology.close();
  }
}

void main();
