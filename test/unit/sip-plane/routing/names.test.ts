import { Reject } from '../../../../sip-plane/message';
import { Action, type Decision } from '../../../../sip-plane/routing';
import { NameCache, type Resolver } from '../../../../sip-plane/transport';
import { FakeClock } from '../../../support/fake-clock';
import { app1, inside } from '../../../support/decider-nodes';
import { DeciderFixture } from '../../../support/sip-decider';
import { request } from '../../../support/sip-messages';

type Answers<T> = Readonly<Record<string, T>>;

/** What the resolver of a test knows; it may change. */
interface Zone {
  hosts: Answers<string>;
  services: Answers<readonly (readonly [name: string, port: number, priority: number, weight: number])[]>;
  ways: Answers<readonly (readonly [service: string, replacement: string, order: number])[]>;
}

const known = async <T>(answers: Answers<T>, name: string): Promise<T> => {
  const answer = answers[name];
  if (answer === undefined) throw new Error('no such name');
  return answer;
};

function resolverOf(zone: Zone): Resolver {
  return {
    address: (name) => known(zone.hosts, name),
    services: async (name) =>
      (await known(zone.services, name)).map(([host, port, priority, weight]) => ({
        name: host,
        port,
        priority,
        weight,
      })),
    ways: async (name) =>
      (await known(zone.ways, name)).map(([service, replacement, order]) => ({
        service,
        replacement,
        order,
        preference: 1,
      })),
  };
}

describe('names in requests of nodes', () => {
  const clock = new FakeClock();
  let zone: Zone;
  let names: NameCache;
  let plane: DeciderFixture;

  beforeEach(() => {
    zone = { hosts: {}, services: {}, ways: {} };
    names = new NameCache(clock, resolverOf(zone));
    plane = new DeciderFixture([app1], { names });
  });

  let serial = 0;
  const call = (uri: string): string =>
    request({ uri, via: `UDP 10.0.0.11:5060;branch=z9hG4bKname${(serial += 1)}`, callId: `name${serial}` });

  /** Decides; waits for the resolver as the plane does. */
  async function decide(text: string): Promise<Decision> {
    const { action, question } = plane.decide(text, inside);
    if (action !== Action.RESOLVE || question === undefined) return plane.requests.decision;
    await new Promise<void>((resolve) => {
      names.whenKnown(question, resolve);
    });
    return plane.decide(text, inside);
  }

  const trunks = {
    '_sip._udp.trunk.example.com': [
      ['a.example.com', 5071, 1, 30] as const,
      ['b.example.com', 5072, 1, 10] as const,
      ['c.example.com', 5073, 2, 0] as const,
    ],
  };
  const hosts = { 'a.example.com': '203.0.113.1', 'b.example.com': '203.0.113.2', 'c.example.com': '203.0.113.3' };

  it('LOC-3: are looked up beside the packet path, and refused when there is no address', async () => {
    zone.hosts = { 'good.example.com': '203.0.113.50' };
    const text = call('sip:bob@Good.example.com:5090');
    expect(plane.decide(text, inside).action).toBe(Action.RESOLVE);
    const { target } = await decide(text);
    expect([target?.host, target?.port]).toEqual(['203.0.113.50', 5090]);
    expect((await decide(call('sip:bob@bad.example.com'))).reject).toBe(Reject.DESTINATION);
  });

  it('LOC-3: what was good stays while the resolver fails', async () => {
    zone.hosts = { 'good.example.com': '203.0.113.50' };
    await decide(call('sip:bob@good.example.com:5090'));
    zone.hosts = {};
    for (let minute = 0; minute < 3; minute += 1) {
      clock.advance(61_000);
      expect((await decide(call('sip:bob@good.example.com:5090'))).target?.host).toBe('203.0.113.50');
    }
  });

  it('LOC-1: a name without port leads to its servers, by priority and weight; their weights are kept', async () => {
    zone.services = trunks;
    zone.hosts = hosts;
    const counts = new Map<string, number>();
    for (let i = 0; i < 400; i += 1) {
      const { target } = await decide(call('sip:+1@trunk.example.com'));
      const place = `${target?.host}:${target?.port}`;
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted()).toEqual(['203.0.113.1:5071', '203.0.113.2:5072']);
    // 300 are wanted; three standard deviations are 26.
    expect(Math.abs((counts.get('203.0.113.1:5071') ?? 0) - 300)).toBeLessThan(26);
  });

  it('LOC-1: the next priority serves when nothing of the first has an address', async () => {
    zone.services = trunks;
    zone.hosts = { 'c.example.com': '203.0.113.3' };
    expect((await decide(call('sip:+1@trunk.example.com'))).target?.port).toBe(5073);
  });

  it('LOC-1: NAPTR says the transport where the URI does not, and what we cannot speak is left out', async () => {
    zone.ways = {
      'trunk.example.com': [
        ['SIPS+D2T', '_sips._tcp.trunk.example.com', 10],
        ['SIP+D2T', '_sip._tcp.trunk.example.com', 20],
        ['SIP+D2U', '_sip._udp.trunk.example.com', 30],
      ],
    };
    zone.services = {
      ...trunks,
      '_sips._tcp.trunk.example.com': [['a.example.com', 5061, 1, 1]],
      '_sip._tcp.trunk.example.com': [['b.example.com', 5080, 9, 1]],
    };
    zone.hosts = hosts;
    const { target, exit } = await decide(call('sip:+1@trunk.example.com'));
    expect([target?.host, target?.port, exit?.index]).toEqual(['203.0.113.2', 5080, 1]);
    const named = await decide(call('sip:+1@trunk.example.com;transport=udp'));
    expect([named.target?.port === 5080, named.exit?.index]).toEqual([false, 0]);
  });

  it('LOC-1: with a port only the address counts; without servers the name is a host', async () => {
    zone.services = trunks;
    zone.hosts = { ...hosts, 'trunk.example.com': '203.0.113.9', 'host.example.com': '203.0.113.8' };
    const withPort = (await decide(call('sip:+1@trunk.example.com:5099'))).target;
    expect([withPort?.host, withPort?.port]).toEqual(['203.0.113.9', 5099]);
    const host = (await decide(call('sip:+1@host.example.com'))).target;
    expect([host?.host, host?.port]).toEqual(['203.0.113.8', 5060]);
  });

  it('LOC-2: the server is a function of the request: copies and CANCEL go the same way, at every instance', async () => {
    zone.services = {
      '_sip._udp.trunk.example.com': Array.from({ length: 8 }, (_, i) => [`${i}.example.com`, 5060, 1, 1] as const),
    };
    zone.hosts = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`${i}.example.com`, `203.0.113.${i + 10}`]));
    const shuffled = {
      ...zone,
      services: {
        '_sip._udp.trunk.example.com': [...(zone.services['_sip._udp.trunk.example.com'] ?? [])].toReversed(),
      },
    };
    const twin = new NameCache(clock, resolverOf(shuffled));
    const other = new DeciderFixture([app1], { names: twin });
    for (let i = 0; i < 20; i += 1) {
      const invite = call('sip:+1@trunk.example.com');
      const first = (await decide(invite)).target?.host;
      expect((await decide(invite)).target?.host).toBe(first);
      expect((await decide(invite.replaceAll('INVITE', 'CANCEL'))).target?.host).toBe(first);
      const { question } = other.decide(invite, inside);
      if (question !== undefined)
        await new Promise<void>((resolve) => {
          twin.whenKnown(question, resolve);
        });
      expect(other.decide(invite, inside).target?.host).toBe(first);
    }
  });

  it('RT-14: a name that leads back to us is a loop', async () => {
    zone.hosts = { 'lb.example.com': '10.0.0.1' };
    expect((await decide(call('sip:bob@lb.example.com:5065'))).reject).toBe(Reject.LOOP);
  });
});
