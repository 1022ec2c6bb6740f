import { Cluster } from '../support/processes';
import { SipClient, SipServer } from '../support/sip-endpoints';
import { until } from '../support/until';
import { WebNode } from '../support/web-node';

/** 1 while the plane has a control plane, else 0. */
async function isConnected(address: string | undefined): Promise<number> {
  const metrics = await (await fetch(`http://${address}/metrics`)).text();
  return Number(/^triplane_control_connected (\d+)$/m.exec(metrics)?.[1]);
}

describe('a control plane killed with -9', () => {
  let cluster: Cluster;
  let sipNode: SipServer;
  let webNode: WebNode;
  let client: SipClient;

  beforeAll(async () => {
    // Short leases, so that a plane that expired nodes by itself would be caught within the test.
    cluster = await new Cluster({ set: ['control.lease.ttlMs=1500', 'control.lease.intervalMs=500'] }).start();
    sipNode = await SipServer.start();
    webNode = await WebNode.start('web');
    await cluster.startNode('sip', '--sip-udp', `${sipNode.port}`);
    await cluster.startNode('web', '--http', `${webNode.port}`);
    client = await SipClient.start(cluster.sip.addresses['external.udp'] ?? '');
  }, 60_000);

  afterAll(async () => {
    client.close();
    sipNode.close();
    webNode.close();
    await cluster.close();
  });

  const page = async (): Promise<number> => (await fetch(`http://${cluster.http.addresses['http']}/`)).status;
  it('stops no call and no request', async () => {
    const before = await client.call();
    expect(before).toBeDefined();
    expect(await page()).toBe(200);

    await cluster.control.stop('SIGKILL');
    await until('the planes have noticed', async () => (await isConnected(cluster.sip.addresses['admin'])) === 0);
    const end = performance.now() + 4000;
    while (performance.now() < end) {
      expect(await client.call()).toBeDefined();
      expect(await page()).toBe(200);
    }
    expect(await client.bye(before!)).toBe(200);
  }, 30_000);

  it('does not keep a plane that restarts from serving: it boots from its last-good file', async () => {
    await cluster.sip.stop('SIGKILL');
    await cluster.http.stop('SIGKILL');
    await Promise.all([cluster.startSip(), cluster.startHttp()]);
    expect(await page()).toBe(200);
    expect(await client.call()).toBeDefined();
    expect(cluster.sip.output()).toContain('serving from the last-good state');
  }, 30_000);

  it('is found again by nodes and planes when it comes back, without one lost call', async () => {
    await cluster.startControl();
    const states = async (): Promise<string> =>
      [...(await cluster.nodes())]
        .map((entry) => entry.join('='))
        .toSorted()
        .join();
    let failed = 0;
    await until(
      'nodes and planes are back',
      async () => {
        if ((await client.call()) === undefined || (await page()) !== 200) failed += 1;
        const connected = await Promise.all(
          [cluster.sip, cluster.http, cluster.smpp].map(({ addresses }) => isConnected(addresses['admin'])),
        );
        return connected.every((one) => one === 1) && (await states()) === 'sip=ACTIVE,web=ACTIVE';
      },
      20_000,
    );
    expect(failed).toBe(0);
    expect(await client.call()).toBeDefined();
    expect(await page()).toBe(200);
  }, 40_000);
});
