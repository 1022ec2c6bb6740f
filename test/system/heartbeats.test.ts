import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../support/free-port';
import { JsonNode } from '../support/json-node';
import { describeWith } from '../support/peer';
import { Cluster } from '../support/processes';
import { SipClient, SipServer } from '../support/sip-endpoints';
import { until } from '../support/until';

const LEASE = ['control.lease.ttlMs=1500', 'control.lease.intervalMs=500', 'control.lease.removalDelayMs=1000'];

describeWith('sipsak', "a third-party server with the guides' OPTIONS heartbeat", () => {
  let cluster: Cluster;
  let node: SipServer;
  let client: SipClient;
  let message: string;

  beforeAll(async () => {
    cluster = new Cluster({ set: LEASE });
    await cluster.startControl();
    await cluster.startSip();
    node = await SipServer.start();
    client = await SipClient.start(cluster.sip.addresses['external.udp'] ?? '');
    message = path.join(cluster.stateDir, 'heartbeat');
    writeFileSync(message, guideMessage(node.port, cluster.sip.addresses['internal.udp'] ?? ''));
  }, 60_000);

  afterAll(async () => {
    client.close();
    node.close();
    await cluster.close();
  });

  /** Sends it once; what sipsak thinks of the answer: 0 is 200. */
  const heartbeat = (to: string | undefined): Promise<number | null> =>
    new Promise((resolve) => {
      spawn('sipsak', ['-f', message, '-s', `sip:${to}`]).once('close', resolve);
    });

  it('is registered by the first, lives by them for longer than its TTL, gets calls, and is gone after the last', async () => {
    const internal = cluster.sip.addresses['internal.udp'];
    await until('it is registered', async () => {
      expect(await heartbeat(internal)).toBe(0);
      return (await cluster.nodeState('sipHeartbeat')) === 'ACTIVE';
    });
    const end = performance.now() + 4000;
    const states = new Set<string | undefined>();
    while (performance.now() < end) {
      expect(await heartbeat(internal)).toBe(0);
      expect(await client.call()).toBeDefined();
      states.add(await cluster.nodeState('sipHeartbeat'));
    }
    expect([...states]).toEqual(['ACTIVE']);
    expect(node.count('INVITE')).toBeGreaterThan(2);
    await until('it is SUSPECT', async () => (await cluster.nodeState('sipHeartbeat')) === 'SUSPECT');
    await until('it is gone', async () => (await cluster.nodes()).size === 0);
  }, 60_000);

  it('is not registered by one that comes from outside', async () => {
    await heartbeat(cluster.sip.addresses['external.udp']);
    expect((await cluster.nodes()).size).toBe(0);
    expect((await cluster.lbstat()).Metrics.counters['sip.heartbeats']).toBeGreaterThan(2);
  }, 30_000);
});

/** The example of the guides' 1.10, with the ports of this test. */
function guideMessage(port: number, internal: string): string {
  const body = `tcpPort=${port}\r\nudpPort=${port}\r\nhostname=sipHeartbeat\r\nip=127.0.0.1\r\n`;
  return [
    `OPTIONS sip:X@${internal};lr SIP/2.0`,
    'Call-ID: 2298704dc4d6706e53cb61123ea7833e@127.0.0.1',
    'CSeq: 1 OPTIONS',
    'From: <sip:third-party-app-server-heartbeating-service@sip-servlets.com>;tag=4481411',
    'To: <sip:sip-load-balancer@sip-servlets.com>',
    'Max-Forwards: 70',
    'Contact: <sip:sender@127.0.0.1:4060;transport=udp;lr>',
    `Route: <sip:lbaddress_InternalPort@${internal};node_host=127.0.0.1;node_port=${port};lr>`,
    'Content-Type: text/plain;charset=UTF-8',
    'Mobicents-Heartbeat: 1',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

describe("nodes with the predecessor's JSON heartbeat", () => {
  let cluster: Cluster;
  let servers: SipServer[];
  let nodes: JsonNode[];
  let client: SipClient;

  beforeAll(async () => {
    const port = await freePort();
    cluster = new Cluster({ set: [...LEASE, `control.jsonHeartbeat.port=${port}`] });
    await cluster.startControl();
    await cluster.startSip();
    servers = await Promise.all([SipServer.start(), SipServer.start()]);
    nodes = await Promise.all(
      servers.map((server, index) =>
        JsonNode.start(`127.0.0.1:${port}`, { hostName: `json${index + 1}`, udpPort: String(server.port) }),
      ),
    );
    client = await SipClient.start(cluster.sip.addresses['external.udp'] ?? '');
  }, 60_000);

  afterAll(async () => {
    client.close();
    for (const each of [...nodes, ...servers]) each.close();
    await cluster.close();
  });

  const states = async (): Promise<Record<string, string>> => Object.fromEntries(await cluster.nodes());
  const BOTH = { json1: 'ACTIVE', json2: 'ACTIVE' };
  const bothBack = (): Promise<boolean> =>
    until('both are ACTIVE', async () => JSON.stringify(await states()) === JSON.stringify(BOTH), 20_000);

  it('register, share the calls, drain with what they have, and stop', async () => {
    await bothBack();
    await until('both have a call', async () => (await client.call(), servers.every((one) => one.count('INVITE') > 0)));
    const calls = await Promise.all(Array.from({ length: 6 }, () => client.call()));
    await nodes[0]!.shutdown();
    expect(await states()).toEqual({ json1: 'DRAINING', json2: 'ACTIVE' });
    const before = servers[0]!.count('INVITE');
    await until('new calls stay away', async () => {
      const counted = servers[0]!.count('INVITE');
      await Promise.all(Array.from({ length: 4 }, () => client.call()));
      return servers[0]!.count('INVITE') === counted;
    });
    expect(before).toBeGreaterThan(0);
    expect(await Promise.all(calls.map((call) => client.bye(call!)))).toEqual(calls.map(() => 200));
    await nodes[0]!.stop();
    expect(await states()).toEqual({ json2: 'ACTIVE' });
  }, 60_000);

  it('are told by a control plane that stops, and begin anew when it is back, without a failed call', async () => {
    await cluster.control.stop();
    expect(nodes[1]!.told).toEqual([{ stop: { ipAddress: '127.0.0.1', port: expect.any(Number) as number } }]);
    expect(await client.call()).toBeDefined();
    nodes[1]!.said.length = 0;
    await cluster.startControl();
    await until('it is ACTIVE', async () => (await cluster.nodeState('json2')) === 'ACTIVE', 20_000);
    expect(nodes[1]!.said.filter((said) => said.endsWith('OK'))[0]).toBe('start OK');
    expect(await client.call()).toBeDefined();
  }, 60_000);
});
