import { ControlPlaneRing, type ControlPlaneList } from '../../../../runtime/discovery';
import { silentLogger } from '../../../../runtime/logger';

const logger = silentLogger();
const noClose = async (): Promise<void> => undefined;
const allowed = (): void => undefined;

function notBad(address: string): void {
  if (address.startsWith('bad')) throw new Error('refused');
}

function ring(list: ControlPlaneList, check: (address: string) => void = allowed, random = () => 0.999) {
  return new ControlPlaneRing({ list, check, random, logger });
}

/** A list that a test changes. */
function changing(...addresses: string[]): ControlPlaneList & { addresses: readonly string[] } {
  return { addresses, close: noClose };
}

describe('a ring of control planes', () => {
  it('goes round, in an order that chance makes', () => {
    const one = ring(changing('a', 'b', 'c'));
    expect([one.current, one.next(), one.next(), one.next()]).toEqual(['a', 'b', 'c', 'a']);
    expect(ring(changing('a', 'b', 'c'), allowed, () => 0).current).toBe('c');
  });

  it('stays where it is when the list changes, and goes on in the new list', () => {
    const list = changing('a', 'b');
    const one = ring(list);
    list.addresses = ['b', 'c', 'd'];
    expect(one.current).toBe('a');
    expect(new Set([one.next(), one.next(), one.next()])).toEqual(new Set(['b', 'c', 'd']));
  });

  it('skips addresses of a later list that must not be dialled, and refuses those of the first', () => {
    const list = changing('a');
    const one = ring(list, notBad);
    list.addresses = ['bad1', 'b'];
    expect([one.next(), one.next()]).toEqual(['b', 'b']);
    list.addresses = ['bad1', 'bad2'];
    expect(one.next()).toBe('b');
    expect(() => ring(changing('bad1'), notBad)).toThrow('refused');
  });
});
