import { describeWithConsul, startConsul, type ConsulAgent } from '../support/consul-agent';
import { ConsulServers } from '../support/consul-servers';
import { ControlCluster, type ControlProcess } from '../support/control-cluster';
import { until } from '../support/until';

describeWithConsul('three control planes over one Consul agent', (binary) => {
  const cluster = new ControlCluster();
  let consul: ConsulAgent;

  beforeAll(async () => {
    consul = await startConsul(binary);
    const address = `${consul.host}:${consul.port}`;
    await cluster.start([address, address, address]);
  }, 60_000);

  afterAll(async () => {
    await cluster.close();
    await consul.close();
  });

  it('agree on nodes and revision, whoever heard of them', async () => {
    await cluster.inStep(...cluster.controls);
    const [view] = await Promise.all(cluster.controls.map((control) => control.view()));
    expect(view?.nodes.map(({ node }) => node?.nodeId)).toEqual(cluster.nodeIds);
    expect(cluster.fewest).toBe(cluster.nodeIds.length);
  }, 40_000);

  it('lose one after the other by kill -9, and no plane loses a node', async () => {
    const [one, two, three] = cluster.controls as [ControlProcess, ControlProcess, ControlProcess];
    await one.kill();
    await cluster.inStep(two, three);
    await two.kill();
    await cluster.inStep(three);
    await one.start();
    await two.start();
    await three.kill();
    await cluster.inStep(one, two);
    await three.start();
    await cluster.inStep(one, two, three);
    expect(cluster.fewest).toBe(cluster.nodeIds.length);
  }, 120_000);

  it('lose Consul itself with all its memory, and no plane loses a node', async () => {
    const { lineage } = cluster.planes[0]?.table.revision ?? {};
    const { port } = consul;
    await consul.close();
    consul = await startConsul(binary, { port });
    const renewed = (): boolean => cluster.planes.every((plane) => plane.table.revision?.lineage !== lineage);
    await until('the lineage is new', renewed, 30_000);
    await cluster.inStep(...cluster.controls);
    expect(cluster.fewest).toBe(cluster.nodeIds.length);
  }, 90_000);
});

describeWithConsul('three control planes over three Consul servers', (binary) => {
  const cluster = new ControlCluster();
  const consul = new ConsulServers(binary);

  beforeAll(async () => {
    await consul.start();
    await cluster.start([0, 1, 2].map((index) => consul.address(index)));
  }, 90_000);

  afterAll(async () => {
    await cluster.close();
    await consul.close();
  });

  it('lose the leader of Consul by kill -9, and no plane loses a node', async () => {
    const leader = await consul.leader();
    const others = cluster.controls.filter((_, index) => index !== leader);
    await consul.kill(leader);
    await until('there is another leader', () => consul.leader().then((found) => found >= 0), 30_000);
    await cluster.inStep(...others);
    consul.run(leader);
    await cluster.inStep(...cluster.controls);
    expect(cluster.fewest).toBe(cluster.nodeIds.length);
  }, 120_000);
});
