import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createHttpPlane } from '../../http-plane';
import { Protocol } from '../../proto';
import { loadConfig } from '../../runtime/config';
import { fakeCore } from '../support/fake-core';
import { HttpBackend, fetchAll } from '../support/http-backend';
import { httpHop, type HttpHop } from '../support/http-hop';
import { httpNode } from '../support/http-plane-fixture';
import { answer } from '../support/raw-http';

const CHAIN =
  'GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.9, 192.0.2.8\r\nX-Forwarded-Proto: https\r\n' +
  'X-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 443\r\nForwarded: for=192.0.2.9\r\n\r\n';

describe('a trusted proxy in front', () => {
  let hop: HttpHop;
  afterEach(async () => hop.close());

  const forwarded = (): string[] => hop.node.received.match(/^(x-forwarded-\w+|forwarded): .*$/gim)?.toSorted() ?? [];

  it.each([[['127.0.0.1']], [['10.0.0.0/8', '127.0.0.0/8']]])(
    '%j is believed and continued',
    async (trustedProxies) => {
      hop = await httpHop(answer('ok'), { trustedProxies });
      await hop.client().send(CHAIN).until('ok');
      expect(forwarded()).toEqual([
        'Forwarded: for=192.0.2.9',
        'X-Forwarded-For: 192.0.2.9, 192.0.2.8, 127.0.0.1',
        'X-Forwarded-Host: shop.example',
        'X-Forwarded-Port: 443',
        'X-Forwarded-Proto: https',
      ]);
    },
  );

  it('and what it does not say is said by us', async () => {
    hop = await httpHop(answer('ok'), { trustedProxies: ['127.0.0.1'] });
    await hop.client().send('GET / HTTP/1.1\r\nHost: x\r\n\r\n').until('ok');
    expect(forwarded()).toEqual(['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Host: x', 'X-Forwarded-Proto: http']);
  });

  it('and others are not', async () => {
    hop = await httpHop(answer('ok'), { trustedProxies: ['192.0.2.0/24'] });
    await hop.client().send(CHAIN).until('ok');
    expect(forwarded()).toEqual(['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Host: x', 'X-Forwarded-Proto: http']);
  });
});

test('the access log has each request with its node, status and size', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'access-'));
  const file = path.join(folder, 'access.log');
  const hop = await httpHop(answer('ok'), { accessLog: { file, format: 'json' } });
  const client = hop.client();
  await client.send('GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n').until('ok');
  hop.fixture.core.setNodes([]);
  await client.send('POST /c HTTP/1.0\r\nHost: x\r\nContent-Length: 0\r\n\r\n').untilClosed();
  await hop.close();
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { client: '127.0.0.1', method: 'GET', target: '/a?b', version: '1.1', status: 200, node: 'app1' },
    { client: '127.0.0.1', method: 'POST', target: '/c', version: '1.0', status: 503, bytes: 18 },
  ]);
  expect((JSON.parse(lines[0] ?? '') as { bytes: number }).bytes).toBeGreaterThan(40);
  rmSync(folder, { recursive: true });
});

describe('traces', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const traceId = '0af7651916cd43dd8448eb211c80319c';

  /** Sends requests through a plane that traces so much, and gives back the spans and what the node got as traceparent. */
  async function traced(traceRatio: number, headers: readonly Record<string, string>[]) {
    exporter.reset();
    const seen: (string | undefined)[] = [];
    const node = await HttpBackend.start('app1', (request, response) => {
      seen.push(request.headers['traceparent'] as string | undefined);
      response.writeHead(request.url === '/bad' ? 500 : 200).end();
    });
    const telemetry = { tracer: provider.getTracer('test'), enabled: true, traceRatio, close: async () => {} };
    const core = Object.assign(fakeCore(Protocol.HTTP, [httpNode('app1', node.port)]), { telemetry });
    const plane = await createHttpPlane(core, { ...loadConfig().http, listen: { host: '127.0.0.1', port: 0 } });
    for (const fields of headers) {
      await fetchAll(`http://${plane.addresses['http']}${fields['x-path'] ?? '/'}`, { headers: fields });
    }
    await plane.close();
    await node.close();
    return { spans: exporter.getFinishedSpans(), seen };
  }

  it('join that of the caller, and the node joins ours', async () => {
    const { spans, seen } = await traced(0, [{ traceparent: `00-${traceId}-b7ad6b7169203331-01` }]);
    expect(spans).toHaveLength(1);
    const [span] = spans;
    expect(span?.spanContext().traceId).toBe(traceId);
    expect(span?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(seen).toEqual([`00-${traceId}-${span?.spanContext().spanId}-01`]);
    expect(span?.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'triplane.node': 'app1',
      'triplane.traffic': true,
    });
  });

  it('are one span per request at the ratio, and none costs nothing', async () => {
    expect((await traced(1, [{}, {}, { 'x-path': '/bad' }])).spans).toHaveLength(3);
    const { spans, seen } = await traced(0, [{}, {}]);
    expect(spans).toHaveLength(0);
    expect(seen).toEqual([undefined, undefined]);
  });
});
