import { Cluster, type CommandResult } from '../support/processes';
import { SipClient, SipServer, type SipDialog } from '../support/sip-endpoints';
import { until } from '../support/until';
import { WebNode } from '../support/web-node';

describe('what an operator does to a running cluster', () => {
  let cluster: Cluster;
  let sipNodes: SipServer[];
  let webNodes: WebNode[];
  let client: SipClient;

  beforeAll(async () => {
    cluster = await new Cluster().start();
    sipNodes = await Promise.all([SipServer.start(), SipServer.start()]);
    webNodes = await Promise.all([WebNode.start('app1'), WebNode.start('app2')]);
    await Promise.all(
      [0, 1].map((i) =>
        cluster.startNode(`app${i + 1}`, '--sip-udp', `${sipNodes[i]!.port}`, '--http', `${webNodes[i]!.port}`),
      ),
    );
    client = await SipClient.start(cluster.sip.addresses['external.udp'] ?? '');
  }, 60_000);

  afterAll(async () => {
    client.close();
    for (const node of [...sipNodes, ...webNodes]) node.close();
    await cluster.close();
  });

  const calls = (count: number): Promise<(SipDialog | undefined)[]> =>
    Promise.all(Array.from({ length: count }, () => client.call()));
  const pageOf = async (cookie = ''): Promise<string> =>
    (await fetch(`http://${cluster.http.addresses['http']}/`, { headers: { Cookie: cookie } })).text();
  const succeed = async (...args: readonly string[]): Promise<CommandResult> => {
    const result = await cluster.command(...args);
    expect(result).toMatchObject({ status: 0 });
    return result;
  };

  it('drain: nothing new reaches the node, what it has goes on', async () => {
    const before = await calls(20);
    const ofApp1 = before.filter((dialog) => dialog !== undefined && sipNodes[0]!.calls.has(dialog.callId));
    expect(ofApp1.length).toBe(10);
    await succeed('drain', 'app1');
    expect(await cluster.nodeState('app1')).toBe('DRAINING');
    await until('new sessions stay away from app1', async () => {
      const pages = await Promise.all(Array.from({ length: 10 }, () => pageOf()));
      return pages.every((page) => page === 'app2');
    });

    const counted = sipNodes[0]!.count('INVITE');
    expect((await calls(20)).every((dialog) => dialog !== undefined)).toBe(true);
    expect(sipNodes[0]!.count('INVITE')).toBe(counted);
    expect(await pageOf('JSESSIONID=s.app1')).toBe('app1');
    expect(await Promise.all(before.map((dialog) => client.bye(dialog!)))).toEqual(
      Array.from({ length: 20 }, () => 200),
    );
    expect(sipNodes[0]!.count('BYE')).toBe(10);
  }, 40_000);

  it('drain ends in MAINTENANCE when the last session is over', async () => {
    await until('app1 is in MAINTENANCE', async () => (await cluster.nodeState('app1')) === 'MAINTENANCE', 15_000);
  }, 20_000);

  it('resume: new calls and sessions come back', async () => {
    await succeed('resume', 'app1');
    const counted = sipNodes[0]!.count('INVITE');
    await until('app1 gets sessions again', async () => (await Promise.all([pageOf(), pageOf()])).includes('app1'));
    await until('app1 gets calls again', async () => (await client.call(), sipNodes[0]!.count('INVITE') > counted));
  }, 20_000);

  it('algorithm set: takes effect live without one failed call under load', async () => {
    let running = true;
    let failed = 0;
    let placed = 0;
    const load = Array.from({ length: 10 }, async () => {
      while (running) {
        placed += 1;
        const dialog = await client.call();
        if (dialog === undefined || (await client.bye(dialog)) !== 200) failed += 1;
      }
    });
    for (const name of ['header-hash', 'least-sessions', 'round-robin', 'header-hash']) {
      await succeed('algorithm', 'set', 'sip', name);
      const { stdout } = await succeed('algorithm', 'get', 'sip', '--json');
      expect(stdout).toContain(name);
    }
    running = false;
    await Promise.all(load);
    expect(placed).toBeGreaterThan(50);
    expect(failed).toBe(0);
  }, 40_000);

  it('algorithm set: refuses a name that the planes do not know, and says which there are', async () => {
    const { status, stderr } = await cluster.command('algorithm', 'set', 'sip', 'fastest');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^triplane: [A-Z_]+: .*fastest.*$/m);
  });

  it('remove: a node is gone at once, and a live one registers again by itself', async () => {
    await succeed('remove', 'app2');
    await until('app2 is back', async () => (await cluster.nodeState('app2')) === 'ACTIVE');
  }, 20_000);

  it('names a node that it does not know', async () => {
    const { status, stderr } = await cluster.command('drain', 'app9');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^triplane: .*app9/m);
  });
});
