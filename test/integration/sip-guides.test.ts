import { sipNode, startPlane, TcpNode, UdpAgent, type SipPlaneFixture } from '../support/sip-plane-fixture';
import { header, headers, request, responseTo, startLine } from '../support/sip-messages';
import { until } from '../support/until';

const loopback = { host: '127.0.0.1', udpPort: 0, tcpPort: 0 };
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

async function agent(): Promise<UdpAgent> {
  const started = await UdpAgent.start();
  open.push(started);
  return started;
}

async function plane(...args: Parameters<typeof startPlane>): Promise<SipPlaneFixture> {
  const started = await startPlane(...args);
  open.push(started);
  return started;
}

let calls = 0;
function invite(client: UdpAgent, change: Parameters<typeof request>[0] = {}): string {
  calls += 1;
  return request({
    callId: `guides${calls}`,
    via: `UDP 127.0.0.1:${client.port};branch=z9hG4bKguides${calls};rport`,
    ...change,
  });
}

it('names the addresses of the load balancers before it, and patches Contact, as configured', async () => {
  const [client, node] = [await agent(), await agent()];
  const advertised = { host: '203.0.113.5', udpPort: 5080 };
  const { port } = await plane([sipNode('app1', { udp: node.port })], {
    config: { external: loopback, internal: { ...loopback, advertised }, publicHost: '203.0.113.7' },
  });
  client.send(invite(client), port('external.udp'));
  const received = await node.next();
  const records = headers(received, 'Record-Route').join();
  expect(records).toContain('<sip:203.0.113.5:5080;');
  expect(records).toContain(`<sip:203.0.113.7:${port('external.udp')};`);
  node.send(responseTo(received, '200 OK', { contact: `sip:ivr@127.0.0.1:${node.port};x=1` }), port('internal.udp'));
  expect(header(await client.next(), 'Contact')).toBe(`<sip:ivr@203.0.113.7:${port('external.udp')};x=1>`);
});

it('drops scanners without an answer and counts them', async () => {
  const client = await agent();
  const { port, counter } = await plane();
  client.send(invite(client, { extra: ['User-Agent: friendly-scanner'] }), port('external.udp'));
  await until('the scanner was counted', () => counter('sip.drops.blocked') === 1);
  expect(client.received).toEqual([]);
});

it('sends 100 by itself, without a tag of its own, when that is wanted', async () => {
  const [client, node] = [await agent(), await agent()];
  const { port } = await plane([sipNode('app1', { udp: node.port })], { config: { sendTrying: true } });
  client.send(invite(client), port('external.udp'));
  const trying = await client.next();
  expect(startLine(trying)).toBe('SIP/2.0 100 Trying');
  expect(header(trying, 'To')).not.toContain('tag=');
  expect(startLine(await node.next())).toContain('INVITE');
});

it('answers with the status and the Reason that the operator chose', async () => {
  const client = await agent();
  const config = { noNodeStatus: 500, errorReason: 'no server', retryAfterSeconds: 0 };
  const { port } = await plane([], { config });
  client.send(invite(client), port('external.udp'));
  const answer = await client.next();
  expect(startLine(answer)).toBe('SIP/2.0 500 Server Internal Error');
  expect(header(answer, 'Reason')).toBe('SIP;cause=500;text="no server"');
  expect(headers(answer, 'Retry-After')).toEqual([]);
});

it('OC-5: a node that answers 503 with Retry-After gets no new calls, and its old ones', async () => {
  const [client, one, two] = [await agent(), await agent(), await agent()];
  const { port, counter } = await plane([sipNode('app1', { udp: one.port }), sipNode('app2', { udp: two.port })]);
  client.send(invite(client), port('external.udp'));
  await until('a node was called', () => one.received.length + two.received.length === 1);
  const [busy, other] = one.received.length === 1 ? [one, two] : [two, one];
  const refusal = responseTo(await busy.next(), '503 Service Unavailable');
  busy.send(refusal.replace('Content-Length', 'Retry-After: 30 (busy)\r\nContent-Length'), port('internal.udp'));
  expect(startLine(await client.next())).toContain('503');
  for (let i = 0; i < 6; i += 1) client.send(invite(client), port('external.udp'));
  await until('the other node got them all', () => other.received.length === 6);
  expect(busy.received).toHaveLength(1);
  expect(counter('sip.ejections')).toBe(1);
});

it('a node that refuses TCP connections counts as dead after three of them', async () => {
  const [client, udp] = [await agent(), await agent()];
  const closed = await TcpNode.start();
  const tcpPort = closed.port;
  closed.close();
  const config = { internalTransport: 'tcp', health: { maxEjectedPercent: 100 } };
  const { port, counter, core } = await plane([sipNode('app1', { tcp: tcpPort }), sipNode('app2', { udp: udp.port })], {
    config,
  });
  for (let i = 0; i < 8 && counter('sip.ejections') === 0; i += 1) {
    const before = client.received.length + udp.received.length;
    client.send(invite(client), port('external.udp'));
    await until('it was answered or went on', () => client.received.length + udp.received.length > before);
  }
  await until('the node was ejected', () => counter('sip.ejections') === 1);
  const node = core.table.get('app1');
  expect(node !== undefined && core.table.keepsOldWork(node, core.clock.now())).toBe(false);
});

it('OC-1: asks nodes for their load in Via, and not clients', async () => {
  const [client, node] = [await agent(), await agent()];
  const { port } = await plane([sipNode('app1', { udp: node.port })], { config: { overloadControl: true } });
  client.send(invite(client), port('external.udp'));
  expect(header(await node.next(), 'Via')).toMatch(/;oc;oc-algo="loss";branch=z9hG4bK/);
  const via = `UDP 127.0.0.1:${node.port};branch=z9hG4bKout`;
  node.send(request({ uri: `sip:a@127.0.0.1:${client.port}`, via }), port('internal.udp'));
  expect(header(await client.next(), 'Via')).not.toContain(';oc');
});

it('answers as chosen when a node cannot be reached', async () => {
  const client = await agent();
  const closed = await TcpNode.start();
  const tcpPort = closed.port;
  closed.close();
  const { port } = await plane([sipNode('app1', { tcp: tcpPort })], {
    config: { internalTransport: 'tcp', sendErrorStatus: 504, errorReason: 'gone' },
  });
  client.send(invite(client), port('external.udp'));
  const answer = await client.next();
  expect(startLine(answer)).toBe('SIP/2.0 504 Server Time-out');
  expect(header(answer, 'Reason')).toBe('SIP;cause=504;text="gone"');
});

it('its own names go from Route, direct peers see its own address, and servers that want it get the hint', async () => {
  const [client, node] = [await agent(), await agent()];
  const advertised = { host: '203.0.113.5', udpPort: 5080 };
  const { port, address } = await plane([sipNode('app1', { udp: node.port })], {
    config: {
      external: { ...loopback, advertised },
      internal: loopback,
      hostNames: ['sip.example.com'],
      directPeers: ['127.0.0.0/8'],
      compat: { restcomm: true },
    },
  });
  client.send(invite(client, { extra: ['Route: <sip:sip.example.com;lr>'] }), port('external.udp'));
  const received = await node.next();
  expect(headers(received, 'Route')).toEqual([]);
  const [inner, outer] = headers(received, 'Record-Route');
  expect(outer).toContain(`<sip:${address('external.udp')};`);
  for (const record of [inner, outer]) expect(record).toContain(`;node_host=127.0.0.1;node_port=${node.port}`);
});

it('with a single leg, servers that it was told of send where they want', async () => {
  const [server, stranger, node, callee] = [await agent(), await agent(), await agent(), await agent()];
  const { port } = await plane([sipNode('app1', { udp: node.port })], {
    config: { external: loopback, internal: null, extraServerNodes: [`127.0.0.1:${server.port}`] },
  });
  const uri = `sip:carol@127.0.0.1:${callee.port}`;
  server.send(invite(server, { uri }), port('external.udp'));
  expect(startLine(await callee.next())).toBe(`INVITE ${uri} SIP/2.0`);
  stranger.send(invite(stranger, { uri }), port('external.udp'));
  expect(startLine(await node.next())).toContain('INVITE');
  expect(callee.received).toHaveLength(1);
});
