import { Protocol } from '../../../proto';
import { loadConfig } from '../../../runtime/config';
import { createSipPlane } from '../../../sip-plane';
import { fakeCore } from '../../support/fake-core';
import { sipNode } from '../../support/sip-plane-fixture';

/** Child of the benchmark: the SIP plane with its defaults and one node. Arguments: port of the node, UDP engine. */
async function main(nodePort: number, engine: string): Promise<void> {
  const core = fakeCore(Protocol.SIP, [sipNode('app1', { udp: nodePort })]);
  core.setAlgorithm('call-id-affinity');
  const ports = ['external', 'internal'].flatMap((leg) => [`sip.${leg}.udpPort=0`, `sip.${leg}.tcpPort=0`]);
  const config = loadConfig({ set: [...ports, `sip.udpEngine=${engine}`], env: {} }).sip;
  const plane = await createSipPlane(core, config);
  const native = (core.counters.snapshotGauges().get('sip.engine.native') ?? 0) > 0;
  const port = Number(plane.addresses['external.udp']?.split(':').pop());
  process.send?.({ port, carrier: native ? 'recvmmsg' : 'node:dgram' });
  process.on('SIGTERM', () => process.exit(0));
}

void main(Number(process.argv[2]), process.argv[3] ?? 'auto');
