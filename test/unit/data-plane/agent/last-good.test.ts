import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LastGood } from '../../../../data-plane/agent';
import { ClusterSettings, Protocol, Revision, RoutingConfig, Transport } from '../../../../proto';
import { silentLogger } from '../../../../runtime/logger';
import { FakeClock } from '../../../support/fake-clock';
import { testNode } from '../../../support/fake-core';

const state = {
  revision: Revision.create({ lineage: 'one', index: 7 }),
  nodes: new Map([
    [
      'a',
      testNode('a', [{ protocol: Protocol.SIP, transport: Transport.TCP, host: '::1', port: 5060 }], { weight: 0 }),
    ],
  ]),
  configs: new Map([
    ['default', RoutingConfig.create({ protocol: Protocol.SIP, pool: 'default', algorithm: 'header-hash' })],
  ]),
  settings: ClusterSettings.create({ hintKeys: [{ keyId: 'a', secret: Buffer.alloc(32, 1) }] }),
};

describe('LastGood', () => {
  let stateDir: string;
  let clock: FakeClock;
  const create = () => new LastGood({ stateDir, planeId: 'sip-1', clock, logger: silentLogger() });
  const file = () => path.join(stateDir, 'sip-1.last-good');

  beforeEach(async () => {
    stateDir = await mkdtemp(path.join(tmpdir(), 'triplane-'));
    clock = new FakeClock();
  });
  afterEach(() => rm(stateDir, { recursive: true }));

  it('reads back what it kept', async () => {
    const lastGood = create();
    lastGood.keep(state);
    await lastGood.close();
    expect(await create().read()).toEqual(state);
  });

  it('keeps secrets from other users', async () => {
    const lastGood = create();
    lastGood.keep(state);
    await lastGood.close();
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  it('writes at most once a second, and the newest state', async () => {
    const lastGood = create();
    for (let index = 1; index <= 5; index += 1)
      lastGood.keep({ ...state, revision: Revision.create({ lineage: 'one', index }) });
    expect(clock.pending).toBe(1);
    clock.advance(1000);
    await lastGood.close();
    expect((await create().read())?.revision?.index).toBe(5);
  });

  it('starts without a file', async () => {
    expect(await create().read()).toBeUndefined();
  });

  it.each([
    ['a flipped bit', (bytes: Buffer) => ((bytes[60] = (bytes[60] ?? 0) ^ 1), bytes)],
    ['a cut file', (bytes: Buffer) => bytes.subarray(0, -3)],
    ['an empty file', () => Buffer.alloc(0)],
  ])('starts without a file that has %s', async (_what, damage) => {
    const lastGood = create();
    lastGood.keep(state);
    await lastGood.close();
    await writeFile(file(), damage(await readFile(file())));
    expect(await create().read()).toBeUndefined();
  });

  it('says clearly that the state directory cannot be made', async () => {
    await writeFile(path.join(stateDir, 'file'), '');
    const lastGood = new LastGood({
      stateDir: path.join(stateDir, 'file', 'below'),
      planeId: 'p',
      clock,
      logger: silentLogger(),
    });
    await expect(lastGood.read()).rejects.toMatchObject({ code: 'STATE_DIR' });
  });
});
