import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { GuardedConsul } from '../../support/guarded-consul';
import { consulBinary } from '../../support/consul-binary';
import { ConsulServers } from '../../support/consul-servers';
import { ControlCluster } from '../../support/control-cluster';
import { saySince } from '../say-since';

/**
 * `npm run soak consul-loss -- [--seconds 60]`: three control planes, two planes and four nodes lose Consul in each way that it can be lost:
 * its agent stands still, the token is revoked, its memory is wiped, no server leads. Each lasts so many seconds. Wanted: no plane ever
 * has a node less to give work to, and all views are equal again afterwards.
 */
const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: { seconds: { type: 'string', default: '60' } },
});
const LOSS_MS = Number(values.seconds) * 1000;

const begun = performance.now();
const say = saySince(begun);

interface Loss {
  readonly what: string;
  begin(): Promise<unknown> | void;
  end(): Promise<unknown> | void;
}

async function suffer(cluster: ControlCluster, { what, begin, end }: Loss): Promise<boolean> {
  say(what);
  await begin();
  await pause(LOSS_MS);
  const whileLost = cluster.fewest;
  say(`  over; the fewest nodes of a plane were ${whileLost} of ${cluster.nodeIds.length}`);
  await end();
  const endedAtMs = performance.now();
  await cluster.inStep(...cluster.controls);
  const ms = Math.round(performance.now() - endedAtMs);
  say(`  all views equal ${ms} ms later; the fewest nodes of a plane were ${cluster.fewest}`);
  return cluster.fewest === cluster.nodeIds.length;
}

async function withOneAgent(binary: string): Promise<boolean> {
  const consul = new GuardedConsul(binary);
  const cluster = new ControlCluster();
  await consul.start();
  await cluster.start(
    [consul.address, consul.address, consul.address],
    [`control.consul.tokenFile=${consul.tokenFile}`],
  );
  await cluster.inStep(...cluster.controls);
  say('three control planes, two planes, four nodes');
  const losses: readonly Loss[] = [
    { what: 'the agent of Consul stands still', begin: () => consul.agent.freeze(), end: () => consul.agent.thaw() },
    { what: 'the token is revoked', begin: () => consul.revoke(), end: () => consul.allow() },
    {
      what: 'Consul is killed; it comes back with an empty memory',
      begin: () => consul.agent.close(),
      end: () => consul.start(),
    },
  ];
  const kept: boolean[] = [];
  for (const loss of losses) kept.push(await suffer(cluster, loss));
  await cluster.close();
  await consul.close();
  return kept.every(Boolean);
}

async function withThreeServers(binary: string): Promise<boolean> {
  const consul = new ConsulServers(binary);
  const cluster = new ControlCluster();
  await consul.start();
  await cluster.start([0, 1, 2].map((index) => consul.address(index)));
  await cluster.inStep(...cluster.controls);
  const kept = await suffer(cluster, {
    what: 'two of three Consul servers are killed: nobody leads',
    begin: () => Promise.all([consul.kill(0), consul.kill(1)]),
    end: () => {
      consul.run(0);
      consul.run(1);
    },
  });
  await cluster.close();
  await consul.close();
  return kept;
}

async function main(): Promise<void> {
  const binary = consulBinary();
  if (binary === undefined) throw new Error('there is no Consul; "node scripts/fetch-consul.js" tries to get one');
  const kept = [await withOneAgent(binary), await withThreeServers(binary)].every(Boolean);
  say(kept ? 'no plane lost a node' : 'FAILED: a plane lost a node');
  process.exitCode = kept ? 0 : 1;
}

void main();
