import { CuttableLink } from '../support/cuttable-link';
import { freePort } from '../support/free-port';
import { Cluster, type RunningProcess } from '../support/processes';
import { SipClient, SipServer, type SipDialog } from '../support/sip-endpoints';
import { until } from '../support/until';

describe('one call', () => {
  let cluster: Cluster;
  let link: CuttableLink;
  let servers: SipServer[];
  let agents: RunningProcess[];
  let client: SipClient;
  let call: SipDialog;
  /** Which server has the call. */
  let owner: number;

  beforeAll(async () => {
    const port = await freePort();
    cluster = new Cluster({
      set: [`cluster.controlPlanes=["127.0.0.1:${port}"]`, 'control.lease.ttlMs=3000', 'control.lease.intervalMs=1000'],
    });
    link = await CuttableLink.start(port, () => cluster.control.addresses['grpc'] ?? '');
    await cluster.startControl();
    await cluster.startSip();
    servers = await Promise.all([SipServer.start(), SipServer.start()]);
    agents = await Promise.all(servers.map(({ port: sip }, index) => startAgent(index, sip)));
    client = await SipClient.start(cluster.sip.addresses['external.udp'] ?? '');
    await until('both nodes are known to the plane', async () => {
      const made = await client.call();
      if (made !== undefined) call = made;
      return servers.every((server) => server.count('INVITE') > 0);
    });
    owner = servers.findIndex((server) => server.calls.has(call.callId));
  }, 60_000);

  afterAll(async () => {
    client.close();
    for (const server of servers) server.close();
    await cluster.close();
    link.close();
  });

  const startAgent = (index: number, port: number): Promise<RunningProcess> =>
    cluster.startNode(`app${index + 1}`, '--sip-udp', `${port}`);
  const heard = (): number => servers[owner]!.calls.get(call.callId)?.filter((method) => method === 'INFO').length ?? 0;
  const inDialog = async (): Promise<void> => {
    const before = heard();
    expect(await client.request('INFO', call)).toBe(200);
    expect(heard()).toBe(before + 1);
  };
  const incarnation = async (): Promise<string | undefined> => {
    const { stdout } = await cluster.command('nodes', '--json');
    const { nodes } = JSON.parse(stdout) as { nodes: readonly { nodeId: string; incarnation: string }[] };
    return nodes.find(({ nodeId }) => nodeId === `app${owner + 1}`)?.incarnation;
  };
  const isConnected = (): Promise<boolean> =>
    fetch(`http://${cluster.sip.addresses['admin']}/metrics`)
      .then((page) => page.text())
      .then((text) => text.includes('triplane_control_connected 1'));

  it('survives that its node is killed and restarted within the TTL, under a new incarnation', async () => {
    await inDialog();
    const old = await incarnation();
    const { port } = servers[owner]!;
    await agents[owner]!.stop('SIGKILL');
    servers[owner]!.close();
    servers[owner] = await SipServer.start(port);
    await inDialog();
    await startAgent(owner, port);
    await until('the new process has the node id', async () => ((await incarnation()) ?? old) !== old);
    await inDialog();
  }, 40_000);

  it('survives that the control plane is killed and comes back', async () => {
    await cluster.control.stop('SIGKILL');
    await until('the plane has noticed', async () => !(await isConnected()));
    await inDialog();
    await cluster.startControl();
    await until('the plane is back', isConnected, 20_000);
    await inDialog();
  }, 40_000);

  it("survives that the plane's stream is cut", async () => {
    link.cut();
    await until('the plane has noticed', async () => !(await isConnected()));
    await inDialog();
    link.mend();
    await until('the plane is back', isConnected, 20_000);
    await inDialog();
  }, 40_000);

  it('ends where it began: the other node never heard of it', async () => {
    expect(await client.bye(call)).toBe(200);
    expect(servers[owner]!.calls.get(call.callId)).toContain('BYE');
    expect(servers[1 - owner]!.calls.has(call.callId)).toBe(false);
  });
});
