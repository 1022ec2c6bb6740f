import { describeWith } from '../support/peer';
import { freePort } from '../support/free-port';
import { Cluster, startProgram, type RunningProcess } from '../support/processes';
import { SipClient, SipServer, type SipDialog } from '../support/sip-endpoints';

const TTL_MS = 6000;

describeWith('sipp', 'a node killed together with its agent', () => {
  let cluster: Cluster;
  let survivor: SipServer;
  let client: SipClient;
  let victim: RunningProcess;
  let victimAgent: RunningProcess;

  beforeAll(async () => {
    cluster = await new Cluster().start();
    survivor = await SipServer.start();
    client = await SipClient.start(cluster.sip.addresses['external.udp'] ?? '');
    const port = String(await freePort());
    victim = startProgram('sipp', ['-sn', 'uas', '-i', '127.0.0.1', '-p', port, '-nostdin']);
    victimAgent = await cluster.startNode('victim', '--sip-udp', port);
    await cluster.startNode('survivor', '--sip-udp', `${survivor.port}`);
  }, 60_000);

  afterAll(async () => {
    client.close();
    survivor.close();
    await cluster.close();
  });

  it('stops new calls for no longer than the lease TTL, and every BYE of its calls reaches the other node', async () => {
    const dialogs = await Promise.all(Array.from({ length: 100 }, (_, i) => client.call({ followRoute: i % 2 === 0 })));
    const up = dialogs.filter((dialog): dialog is SipDialog => dialog !== undefined);
    expect(up.length).toBe(100);
    const atVictim = up.filter(({ callId }) => !survivor.calls.has(callId));
    expect(atVictim.length).toBeGreaterThanOrEqual(40);

    await Promise.all([victim.stop('SIGKILL'), victimAgent.stop('SIGKILL')]);
    const killedAt = performance.now();
    let lastFailureAt = killedAt;
    let answered = 0;
    while (answered < 20) {
      const startedAt = performance.now();
      if (startedAt > killedAt + 3 * TTL_MS) break;
      if ((await client.call({ limitMs: 400 })) === undefined) {
        lastFailureAt = startedAt;
        answered = 0;
      } else answered += 1;
    }
    process.stderr.write(
      `new calls failed for ${Math.round(lastFailureAt - killedAt)} ms after the kill (TTL ${TTL_MS} ms)\n`,
    );
    expect(answered).toBe(20);
    expect(lastFailureAt - killedAt).toBeLessThanOrEqual(TTL_MS + 500);

    const answers = await Promise.all(atVictim.map((dialog) => client.bye(dialog, 10_000)));
    expect(answers.filter((status) => status !== 200)).toEqual([]);
    const reached = atVictim.filter(({ callId }) => survivor.calls.get(callId)?.includes('BYE'));
    expect(reached.length).toBe(atVictim.length);
  }, 60_000);
});
