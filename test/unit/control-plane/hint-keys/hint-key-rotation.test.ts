import { HintKeyRotation, firstHintKey } from '../../../../control-plane/hint-keys';
import { PREPARE_MS } from '../../../../control-plane/hint-keys/hint-key-rotation';
import { MemoryStore, SETTINGS_KEY, settingsOf, type Store } from '../../../../control-plane/store';
import { ClusterSettings, StoredValue } from '../../../../proto';
import { Counters } from '../../../../runtime/counters';
import { FakeClock } from '../../../support/fake-clock';
import { logLines } from '../../../support/log-lines';

const DAY = 86_400_000;

class World {
  readonly clock = new FakeClock();
  readonly store: Store = new MemoryStore('l', this.clock);
  readonly log = logLines();
  #made = 0;
  readonly newSecret = (): Buffer => Buffer.alloc(32, (this.#made += 1));

  async seed(): Promise<this> {
    const value = ClusterSettings.create({ guardActive: true, hintKeys: [firstHintKey(this.newSecret)] });
    await this.store.compareAndSet(SETTINGS_KEY, StoredValue.create({ content: { $case: 'settings', value } }), 0);
    return this;
  }

  rotation(everyMs = DAY): HintKeyRotation {
    const { store, clock, newSecret } = this;
    return new HintKeyRotation({ store, clock, newSecret, everyMs, logger: this.log.logger, counters: new Counters() });
  }

  /** Ids of the keys, the one that signs first. */
  get keys(): string {
    return (settingsOf(this.store.get(SETTINGS_KEY)?.value)?.hintKeys ?? []).map(({ keyId }) => keyId).join('');
  }

  async after(ms: number, ...rotations: readonly HintKeyRotation[]): Promise<string> {
    this.clock.advance(ms);
    await Promise.all(rotations.map((rotation) => rotation.check()));
    return this.keys;
  }
}

test('a new key is known to planes before one signs with it, and the old one verifies until the next change', async () => {
  const world = await new World().seed();
  const rotation = world.rotation();
  expect(await world.after(0, rotation)).toBe('a');
  expect(await world.after(DAY - 1, rotation)).toBe('a');
  expect(await world.after(1, rotation)).toBe('ab');
  expect(await world.after(0, rotation)).toBe('ab');
  expect(await world.after(PREPARE_MS - 1, rotation)).toBe('ab');
  expect(await world.after(1, rotation)).toBe('ba');
  expect(await world.after(DAY - 1, rotation)).toBe('ba');
  expect(await world.after(1, rotation)).toBe('bc');
  await world.after(0, rotation);
  expect(await world.after(PREPARE_MS, rotation)).toBe('cb');
});

test('two control planes make one change, whoever comes first', async () => {
  const world = await new World().seed();
  const both = [world.rotation(), world.rotation()];
  await world.after(0, ...both);
  expect(await world.after(DAY, ...both)).toBe('ab');
  await world.after(0, ...both);
  expect(await world.after(PREPARE_MS, ...both)).toBe('ba');
  expect(await world.after(1000, ...both)).toBe('ba');
});

test('a control plane that comes later finishes what another one began', async () => {
  const world = await new World().seed();
  const first = world.rotation();
  await world.after(0, first);
  await world.after(DAY, first);
  const second = world.rotation();
  await world.after(0, second);
  expect(await world.after(PREPARE_MS, second)).toBe('ba');
});

test('ids begin anew after the last letter', async () => {
  const world = await new World().seed();
  const rotation = world.rotation(1000);
  for (let i = 0; i < 26; i += 1) {
    await world.after(0, rotation);
    await world.after(1000, rotation);
    await world.after(0, rotation);
    await world.after(PREPARE_MS, rotation);
  }
  expect(world.keys).toBe('az');
});

test('the other settings stay, no secret is logged, and 0 means never', async () => {
  const world = await new World().seed();
  const rotation = world.rotation(1000);
  await world.after(0, rotation);
  await world.after(1000, rotation);
  await world.after(0, rotation);
  await world.after(PREPARE_MS, rotation);
  const settings = settingsOf(world.store.get(SETTINGS_KEY)?.value);
  expect(settings?.guardActive).toBe(true);
  expect(world.log.text()).toContain('"keyId":"b"');
  for (const { secret } of settings?.hintKeys ?? []) {
    expect(world.log.text()).not.toContain(secret.toString('hex'));
    expect(world.log.text()).not.toContain(secret.toString('base64'));
  }
  const never = world.rotation(0);
  await world.after(0, never);
  expect(await world.after(365 * DAY, never)).toBe('ba');
});
