import type { Node } from '../../proto';
import type { WorkerPlan } from '../../runtime/workers';
import { loadNativeUdp } from '../../sip-plane/native';
import { planSipWorkers } from '../../sip-plane/worker-plan';
import { FakeClock } from '../support/fake-clock';
import { header, headers, request, responseTo, startLine } from '../support/sip-messages';
import {
  UdpAgent,
  sipConfig,
  sipNode,
  startPlane,
  type PlaneOptions,
  type SipPlaneFixture,
} from '../support/sip-plane-fixture';
import { until } from '../support/until';
import { WsAgent } from '../support/ws-agent';

const built = loadNativeUdp() !== undefined;
if (!built) process.stderr.write('skipped: workers of the SIP plane: the native UDP engine was not built here\n');

const udp = { host: '127.0.0.1', udpPort: 0, tcpPort: null };
/** The last number of an address or a URI: its port. */
const portOf = (text: string): number => Number(/:(\d+)[^:]*$/.exec(text)?.[1]);

const viaPort = (message: string): number => portOf(header(message, 'Via').split(';')[0] ?? '');
const invite = (client: UdpAgent, callId: string, method = 'INVITE'): string =>
  request({ method, callId, cseq: `1 ${method}`, via: `UDP 127.0.0.1:${client.port};branch=z9hG4bK${callId}` });
const of = (messages: readonly string[], callId: string): string[] =>
  messages.filter((message) => header(message, 'Call-ID') === callId);

/** Two workers as they share UDP, in one process. TCP is shared by node:cluster only: each has a port of its own here. */
(built ? describe : describe.skip)('two workers of the SIP plane', () => {
  const clock = new FakeClock();
  let plan: WorkerPlan;
  let workers: SipPlaneFixture[];
  let agents: UdpAgent[];
  let nodes: Node[];
  let shared: { readonly external: number; readonly internal: number };

  beforeEach(async () => {
    const config = { workers: 2, external: { ...udp, wsPort: 0 }, internal: udp, health: { maxUnanswered: 3 } };
    // The last one is a node only in one test.
    agents = [await UdpAgent.start(), await UdpAgent.start(), await UdpAgent.start()];
    nodes = agents.slice(0, 2).map(({ port }, i) => sipNode(`app${i}`, { udp: port }));
    const found = await planSipWorkers(sipConfig(config));
    if (found === undefined) throw new Error('no plan for two workers');
    plan = found;
    const ears: ((body: unknown) => void)[] = [];
    const seat = (index: number): NonNullable<PlaneOptions['worker']> => ({
      sockets: plan.socketsOf(index + 1),
      tellOthers: (body) => {
        ears[1 - index]?.(JSON.parse(JSON.stringify(body)));
        return true;
      },
      onWord: (hear) => (ears[index] = hear),
    });
    workers = await Promise.all([0, 1].map((index) => startPlane(nodes, { clock, config, worker: seat(index) })));
    const [first] = workers;
    shared = { external: first?.port('external.udp') ?? 0, internal: first?.port('internal.udp') ?? 0 };
  });

  afterEach(async () => {
    for (const agent of agents) agent.close();
    await Promise.all(workers.map((worker) => worker.close()));
  });

  /** A client at each worker: the system decides by its port whose a client is. */
  async function clientOfEach(): Promise<[UdpAgent, UdpAgent]> {
    const found: (UdpAgent | undefined)[] = [];
    while (found[0] === undefined || found[1] === undefined) {
      const client = await newAgent();
      const before = workers.map((worker) => worker.counter('sip.answers'));
      client.send(request({ method: 'OPTIONS', uri: `sip:127.0.0.1:${shared.external}` }), shared.external);
      await client.next('OPTIONS was answered');
      found[workers.findIndex((worker, i) => worker.counter('sip.answers') !== before[i])] ??= client;
    }
    return [found[0], found[1]];
  }

  async function newAgent(): Promise<UdpAgent> {
    const one = await UdpAgent.start();
    agents.push(one);
    return one;
  }

  /** What the nodes got of a call, by node. */
  const received = (callId: string): string[][] => agents.slice(0, 3).map((one) => of(one.received, callId));
  const arrived = (callId: string, count = 1): Promise<string[]> =>
    until(`${callId} came ${count} times`, () => {
      const all = received(callId).flat();
      return all.length >= count ? all : undefined;
    });
  /** The node that a message came to. */
  const app = (message: string): UdpAgent =>
    agents.find((one) => one.received.includes(message)) ?? (agents[0] as UdpAgent);

  it('have one port outside and one inside, and each has another one inside, which nodes answer to', async () => {
    const own = new Set<number>();
    for (const [index, client] of (await clientOfEach()).entries()) {
      client.send(invite(client, `call${index}`), shared.external);
      const [came = ''] = await arrived(`call${index}`);
      own.add(viaPort(came));
      const routes = headers(came, 'Record-Route').map((value) => portOf(value.split(';')[0] ?? ''));
      expect(routes).toEqual([shared.internal, shared.external]);
      app(came).send(responseTo(came, '200 OK'), viaPort(came));
      expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
      expect(workers[index]?.counter('sip.internal.responses.200')).toBe(1);
    }
    expect(own.size).toBe(2);
    expect(own.has(shared.internal)).toBe(false);
  });

  it('take no port that another plane has, though its sockets would share', async () => {
    const config = sipConfig({ workers: 2, external: { ...udp, udpPort: shared.external }, internal: udp });
    await expect(planSipWorkers(config)).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringContaining(`sip external udp: 127.0.0.1:${shared.external}`) as string,
    });
  });

  it('see the answers to what they asked: no node is ejected for its silence', async () => {
    for (const [index, client] of (await clientOfEach()).entries()) {
      for (let i = 0; i < 10; i += 1) {
        const callId = `call${index}.${i}`;
        client.send(invite(client, callId), shared.external);
        const [came = ''] = await arrived(callId);
        app(came).send(responseTo(came, '200 OK'), viaPort(came));
        await client.next();
        clock.advance(5000);
      }
    }
    expect(workers.map((worker) => worker.counter('sip.ejections'))).toEqual([0, 0]);
  });

  it('a client behind a NAT is reached by UDP through either worker: its Path and Record-Route name what they share', async () => {
    const [client] = await clientOfEach();
    const via = 'UDP 192.0.2.1:5060;branch=z9hG4bKnat;rport';
    const extra = ['Supported: path, outbound', 'Contact: <sip:alice@192.0.2.1;ob>;reg-id=1'];
    client.send(request({ method: 'REGISTER', callId: 'r', cseq: '1 REGISTER', via, extra }), shared.external);
    const path = header((await arrived('r'))[0] ?? '', 'Path');
    client.send(request({ callId: 'nat', via: via.replace('nat', 'nat2') }), shared.external);
    const routes = headers((await arrived('nat'))[0] ?? '', 'Record-Route');
    const ports = [path, ...routes].map((value) => portOf(value.split(';')[0] ?? ''));
    expect(ports).toEqual([shared.internal, shared.internal, shared.external]);
    for (const node of agents.slice(0, 2)) {
      const call = { uri: 'sip:alice@192.0.2.1', callId: `to${node.port}`, extra: [`Route: ${path}`] };
      node.send(request({ ...call, via: `UDP 127.0.0.1:${node.port};branch=z9hG4bK${node.port}` }), shared.internal);
      expect(startLine(await client.next())).toMatch(/^INVITE/);
    }
  });

  it('STL-2, STL-3, STL-10: retransmissions, CANCEL and ACK stay put while nodes come and weights change', async () => {
    const clients = await Promise.all(Array.from({ length: 40 }, newAgent));
    clients.forEach((client, i) => client.send(invite(client, `call${i}`), shared.external));
    for (let i = 0; i < clients.length; i += 1) await arrived(`call${i}`);
    const more = [{ ...nodes[0], weight: 1 } as Node, nodes[1] as Node, sipNode('app2', { udp: agents[2]?.port ?? 0 })];
    for (const worker of workers) worker.core.setNodes(more);
    clients.forEach((client, i) => {
      for (const method of ['INVITE', 'CANCEL', 'ACK'])
        client.send(invite(client, `call${i}`, method), shared.external);
    });
    for (let i = 0; i < clients.length; i += 1) {
      const all = await arrived(`call${i}`, 4);
      expect(received(`call${i}`).filter((messages) => messages.length > 0)).toHaveLength(1);
      expect(new Set(all.map((message) => header(message, 'Via'))).size).toBe(1);
    }
    const perWorker = workers.map((worker) => worker.counter('sip.external.requests.CANCEL'));
    expect(Math.min(...perWorker)).toBeGreaterThan(0);
  });

  it('a browser is reached by the port of the worker that has its connection, also when a request comes in elsewhere', async () => {
    const node = agents[0] as UdpAgent;
    for (const worker of workers) worker.core.setNodes(nodes.slice(0, 1));
    node.send(request({ method: 'OPTIONS', uri: `sip:127.0.0.1:${shared.internal}` }), shared.internal);
    await node.next('OPTIONS was answered');
    // What the node sends to the shared port comes to one worker; the browser is at the other.
    const holder = workers.find((worker) => worker.counter('sip.answers') === 0) as SipPlaneFixture;
    const browser = await WsAgent.connect(`ws://${holder.address('external.ws')}/`);
    const via = 'WS df7jal23ls0d.invalid;branch=z9hG4bKws1';
    browser.send(request({ method: 'REGISTER', via, callId: 'r', cseq: '1 REGISTER', extra: ['Supported: path'] }));
    const [register = ''] = await arrived('r');
    const path = header(register, 'Path');
    expect(portOf(path.split(';')[0] ?? '')).toBe(viaPort(register));
    const call = (callId: string, method: string, extra: readonly string[]): string =>
      request({
        method,
        callId,
        cseq: `1 ${method}`,
        uri: 'sip:alice@df7jal23ls0d.invalid;transport=ws',
        via: `UDP 127.0.0.1:${node.port};branch=z9hG4bK${callId}${method}`,
        extra,
      });

    const ports = [viaPort(register), shared.internal];
    for (const [i, port] of ports.entries()) {
      node.send(call(`direct${i}`, 'INVITE', [`Route: ${path}`]), port);
      const came = await browser.next();
      expect(startLine(came)).toMatch(/^INVITE/);
      browser.send(responseTo(came, '200 OK'));
      const ok = await arrived(`direct${i}`).then((messages) => messages.find((one) => one.startsWith('SIP/2.0 200')));
      const routes = headers(ok ?? '', 'Record-Route')
        .map((value) => `Route: ${value}`)
        .toReversed();
      const [inner = ''] = routes;
      node.send(call(`direct${i}`, 'BYE', routes), portOf(inner.split(';')[0] ?? ''));
      expect(startLine(await browser.next())).toMatch(/^BYE/);
    }

    browser.close();
    await until('the worker noticed', () => holder.gauge('sip.connections') === 0);
    node.send(call('late', 'INVITE', [`Route: ${path}`]), viaPort(register));
    expect(startLine((await arrived('late'))[0] ?? '')).toBe('SIP/2.0 430 Flow Failed');
  });

  const callsUp = (): (number | undefined)[] => workers.map((worker) => worker.gauge('sip.calls'));
  const sessions = (): number[] =>
    nodes.map(({ nodeId }) => {
      const at = (worker: SipPlaneFixture): number => worker.core.table.get(nodeId)?.live.activeSessions ?? 0;
      return workers.reduce((sum, worker) => sum + at(worker), 0);
    });

  it('a call is counted once, by the worker that routed it, whoever sees its answer and its BYE', async () => {
    const [node] = agents as [UdpAgent];
    node.send(request({ method: 'OPTIONS', uri: `sip:127.0.0.1:${shared.internal}` }), shared.internal);
    await node.next('OPTIONS was answered');
    const caller = workers.findIndex((worker) => worker.counter('sip.answers') > 0);
    const client = (await clientOfEach())[1 - caller] as UdpAgent;
    const via = `UDP 127.0.0.1:${node.port};branch=z9hG4bKout`;
    node.send(request({ callId: 'out', uri: `sip:bob@127.0.0.1:${client.port}`, via }), shared.internal);
    const came = await client.next('INVITE came');
    const expected = caller === 0 ? [1, 0] : [0, 1];
    for (let retransmission = 0; retransmission < 3; retransmission += 1) {
      client.send(responseTo(came, '200 OK'), shared.external);
      await until('the answer came', () => of(node.received, 'out').length > retransmission);
      clock.advance(20);
      expect(callsUp()).toEqual(expected);
    }
    expect(sessions()).toEqual([1, 0]);
    const extra = headers(came, 'Record-Route').map((value) => `Route: ${value}`);
    const bye = { method: 'BYE', cseq: '2 BYE', callId: 'out', to: '<sip:a@x>;tag=1', extra };
    client.send(request({ ...bye, via: `UDP 127.0.0.1:${client.port};branch=z9hG4bKbye` }), shared.external);
    await until('BYE came', () => of(node.received, 'out').some((message) => message.startsWith('BYE')));
    clock.advance(20);
    expect(callsUp()).toEqual([0, 0]);
    expect(sessions()).toEqual([0, 0]);
  });

  it('an answer that is heard of after the BYE does not bring the call back', async () => {
    const [client] = await clientOfEach();
    client.send(invite(client, 'short'), shared.external);
    const [came = ''] = await arrived('short');
    client.send(invite(client, 'short', 'BYE'), shared.external);
    await arrived('short', 2);
    app(came).send(responseTo(came, '200 OK'), viaPort(came));
    await client.next('the answer came');
    clock.advance(20);
    expect(callsUp()).toEqual([0, 0]);
  });

  it('an INVITE that replaces a call meets its node from whichever worker it comes', async () => {
    const [first, second] = await clientOfEach();
    first.send(invite(first, 'call'), shared.external);
    const [came = ''] = await arrived('call');
    app(came).send(responseTo(came, '200 OK'), viaPort(came));
    await first.next('the answer came');
    clock.advance(20);
    const taken = [];
    for (let i = 0; i < 6; i += 1) {
      const via = `UDP 127.0.0.1:${second.port};branch=z9hG4bKreplaces${i}`;
      const extra = ['Replaces: call;to-tag=n1;from-tag=a1'];
      second.send(request({ callId: `transfer${i}`, via, extra }), shared.external);
      taken.push(app((await arrived(`transfer${i}`))[0] ?? ''));
    }
    expect(new Set(taken)).toEqual(new Set([app(came)]));
    expect(callsUp().reduce((sum = 0, count = 0) => sum + count)).toBe(1);
  });
});
