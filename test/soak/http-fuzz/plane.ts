import { createHttpPlane } from '../../../http-plane';
import { Protocol } from '../../../proto';
import { loadConfig } from '../../../runtime/config';
import { fakeCore } from '../../support/fake-core';
import { httpNode } from '../../support/http-plane-fixture';

/** Child of the soaks: the HTTP plane over the node at the given port, all its limits of time at `ms`. Reports its port. */
async function main(nodePort: number, ms: number): Promise<void> {
  const core = fakeCore(Protocol.HTTP, [httpNode('app1', nodePort), httpNode('app2', nodePort)]);
  const plane = await createHttpPlane(core, {
    ...loadConfig().http,
    listen: { host: '127.0.0.1', port: 0 },
    responseTimeoutMs: ms,
    headTimeoutMs: ms,
    bodyTimeoutMs: ms,
  });
  process.send?.({ port: Number(plane.addresses['http']?.split(':').at(-1)) });
}

void main(Number(process.argv[2]), Number(process.argv[3]));
