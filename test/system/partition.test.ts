import { describeWithConsul } from '../support/consul-agent';
import { describeWithLan, type LanHost } from '../support/lan';
import { PartitionedCluster } from '../support/partitioned-cluster';
import { until } from '../support/until';

const WEST = ['west1', 'west2', 'west3'];
const EAST = ['east1', 'east2', 'east3'];
const LIMIT_MS = 15_000;

describeWithLan('three control planes in a network that breaks', () => {
  describeWithConsul('with a real Consul', (binary) => {
    const cluster = new PartitionedCluster();
    let east: LanHost;

    beforeAll(async () => {
      await cluster.startConsul(binary);
      await Promise.all([cluster.startControl(), cluster.startControl(), cluster.startControl()]);
      const [one, two, three] = cluster.controls as [LanHost, LanHost, LanHost];
      [, east] = await Promise.all([
        cluster.startNodes(WEST, one, two, three),
        cluster.startNodes(EAST, two, three, one),
        cluster.startPlane('sip-1', one, two, three),
        cluster.startPlane('sip-2', three, one, two),
      ]);
      await cluster.watch(WEST.length + EAST.length);
    }, 60_000);

    afterAll(() => cluster.close());

    async function at(ids: readonly string[], control: LanHost | undefined): Promise<number> {
      const startedAtMs = performance.now();
      await until(
        `${ids.join()} are at ${control?.address}`,
        async () => {
          const holders = await cluster.holders();
          return ids.every((id) => holders.get(id) === control?.address);
        },
        LIMIT_MS,
      );
      return Math.round(performance.now() - startedAtMs);
    }

    it('one cut from Consul hands its nodes and planes over within 15 s, and no plane loses a node', async () => {
      const [one, two] = cluster.controls as [LanHost, LanHost];
      cluster.lan.cut(one, cluster.consul);
      const ms = await at(WEST, two);
      process.stderr.write(`cut from Consul: nodes elsewhere after ${ms} ms\n`);
      const [first, second] = cluster.planes;
      const index = (): number | undefined => second?.table.revision?.index;
      await until('its plane follows the others', () => first?.table.revision?.index === index());
      expect([cluster.known, cluster.usable]).toEqual([6, 6]);
      cluster.lan.mend(one, cluster.consul);
    }, 60_000);

    it('nodes cut from theirs go to another one within 15 s, and no plane loses a node', async () => {
      const [, two, three] = cluster.controls as [LanHost, LanHost, LanHost];
      cluster.lan.cut(east, two);
      const ms = await at(EAST, three);
      process.stderr.write(`cut from a control plane: nodes elsewhere after ${ms} ms\n`);
      await until('every plane can use every node', () =>
        cluster.planes.every((plane) => plane.table.pool('default').fresh.length === 6),
      );
      expect(cluster.known).toBe(6);
      cluster.lan.mend(east, two);
    }, 60_000);
  });
});
