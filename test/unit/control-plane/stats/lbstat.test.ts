import { lbstat } from '../../../../control-plane/stats';
import { GetStatsResponse, NodeStats, PlaneStats, Protocol } from '../../../../proto';

const counters = new Map([
  ['sip.external.requests.INVITE', 5],
  ['sip.internal.requests.INVITE', 2],
  ['sip.external.requests.OTHER', 1],
  ['sip.external.responses.200', 4],
  ['sip.internal.responses.200', 3],
  ['http.requests.GET', 7],
  ['http.responses.200', 6],
  ['http.bytes.toServer', 700],
  ['http.bytes.toClient', 9000],
  ['smpp.toServer.requests.submit_sm', 11],
  ['smpp.toServer.requests.enquire_link', 1],
  ['smpp.toClient.requests.deliver_sm', 3],
  ['smpp.toServer.bytes', 1100],
  ['smpp.toClient.bytes', 330],
]);
const gauges = new Map([
  ['sip.connections', 2],
  ['http.connections', 3],
  ['smpp.sessions', 4],
  ['sip.calls', 5],
]);

function page(stats: GetStatsResponse): Record<string, unknown> {
  const input = { stats, activeNodes: 2, version: '1.2.3', cpuPercent: 12, heapBytes: 1024 };
  return (lbstat(input) as { Metrics: Record<string, unknown> }).Metrics;
}

describe('/lbstat', () => {
  it("has the guides' figures under the predecessor's names", () => {
    expect(page(GetStatsResponse.create({ counters, gauges }))).toMatchObject({
      releaseName: 'triplane',
      releaseVersion: '1.2.3',
      activeNodes: 2,
      JvmCpuUsage: 12,
      JvmHeapSize: 1024,
      NumberOfRequestsProcessed: 8,
      NumberOfResponsesProcessed: 7,
      NumberOfRequestsProcessedByMethod: { INVITE: 7, OTHER: 1 },
      NumberOfResponsesProcessedByStatusCode: { 200: 7 },
      NumberOfActiveSipConnections: 2,
      NumberOfActiveCalls: 5,
      NumberOfHttpRequests: 7,
      NumberOfHttpBytesToServer: 700,
      NumberOfHttpBytesToClient: 9000,
      NumberOfHttpRequestsByMethod: { GET: 7 },
      NumberOfHttpResponsesByCode: { 200: 6 },
      NumberOfActiveHttpConnections: 3,
      NumberOfSmppRequestsToServer: 12,
      NumberOfSmppRequestsToClient: 3,
      NumberOfSmppBytesToServer: 1100,
      NumberOfSmppBytesToClient: 330,
      NumberOfSmppRequestsByCommandId: { submit_sm: 11, enquire_link: 1, deliver_sm: 3 },
      NumberOfActiveSmppConnections: 4,
    });
  });

  it('has zeroes before anything happened', () => {
    expect(page(GetStatsResponse.create({}))).toMatchObject({
      NumberOfRequestsProcessed: 0,
      NumberOfHttpRequests: 0,
      NumberOfSmppRequestsToServer: 0,
      NumberOfActiveSipConnections: 0,
    });
  });

  it('lists nodes and planes', () => {
    const nodes = [NodeStats.create({ nodeId: 'app1', requests: 3, activeSessions: 1 })];
    const planes = [PlaneStats.create({ planeId: 'sip-1', protocol: Protocol.SIP, counters, gauges })];
    const found = page(GetStatsResponse.create({ nodes, planes }));
    expect(found['nodes']).toEqual({ app1: { requests: 3, failures: 0, bytesIn: 0, bytesOut: 0, activeSessions: 1 } });
    expect(found['planes']).toMatchObject({
      'sip-1': { counters: { 'http.requests.GET': 7 }, gauges: { 'sip.calls': 5 } },
    });
  });

  it('names the control planes whose figures may be missing', () => {
    expect(page(GetStatsResponse.create({ missingControlPlanes: ['c2'] }))).toMatchObject({
      missingControlPlanes: ['c2'],
    });
  });
});
