import { lookup, resolveNaptr, resolveSrv } from 'node:dns/promises';
import { Transport } from '../../proto';

/** One place that a name leads to. */
export interface Target {
  readonly host: string;
  /** 0: that of the URI or its scheme. */
  readonly port: number;
  /** Undefined: that of the request. */
  readonly transport: Transport | undefined;
  /** Lower comes first (RFC 2782). */
  readonly priority: number;
  readonly weight: number;
}

/** A server of a name, as SRV has it. */
export interface Service {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** A way to reach a domain, as NAPTR has it. */
export interface Way {
  /** Such as `SIP+D2U`. */
  readonly service: string;
  readonly replacement: string;
  readonly order: number;
  readonly preference: number;
}

/** The questions of RFC 3263; each rejects when there is no answer. */
export interface Resolver {
  /** The IP address of a host. */
  address(name: string): Promise<string>;
  services(name: string): Promise<readonly Service[]>;
  ways(name: string): Promise<readonly Way[]>;
}

/** The machine's own resolver. */
export const systemResolver: Resolver = {
  address: async (name) => (await lookup(name)).address,
  services: resolveSrv,
  ways: resolveNaptr,
};

const WAYS: ReadonlyMap<string, Transport> = new Map([
  ['SIP+D2U', Transport.UDP],
  ['SIP+D2T', Transport.TCP],
  ['SIPS+D2T', Transport.TLS],
]);
const PREFIXES: ReadonlyMap<Transport, string> = new Map([
  [Transport.UDP, '_sip._udp.'],
  [Transport.TCP, '_sip._tcp.'],
  [Transport.TLS, '_sips._tcp.'],
]);
const MAX_TARGETS = 32;

/** What is asked about a name. */
export interface Question {
  readonly name: string;
  /** `host`: a port was given, so only its address counts. `service`: its servers for the transport. `any`: the transport is open as well. */
  readonly about: 'host' | 'service' | 'any';
  readonly transport: Transport;
}

/** All places that a name leads to, in an order of their own: NAPTR, then SRV, then the address (RFC 3263 4). Rejects when there is none. */
export async function locate(resolver: Resolver, { name, about, transport }: Question): Promise<readonly Target[]> {
  const chosen = about === 'any' ? await servicesByWay(resolver, name) : [];
  const services = chosen.length > 0 || about === 'host' ? chosen : await servicesOf(resolver, name, transport);
  const targets = (await Promise.all(services.slice(0, MAX_TARGETS).map((one) => addressed(resolver, one)))).flat();
  if (targets.length > 0) return targets.toSorted(byPriority);
  const host = await resolver.address(name);
  return [{ host, port: 0, transport: undefined, priority: 0, weight: 0 }];
}

interface Offered extends Service {
  readonly transport: Transport | undefined;
}

async function servicesByWay(resolver: Resolver, name: string): Promise<readonly Offered[]> {
  const ways = await resolver.ways(name).catch(() => []);
  const known = ways
    .flatMap((way) => ({ ...way, transport: WAYS.get(way.service.toUpperCase()) }))
    .filter(({ transport }) => transport !== undefined)
    .toSorted((a, b) => a.order - b.order || a.preference - b.preference);
  const found = known.map(async ({ replacement, transport }, rank) => {
    const services = await resolver.services(replacement).catch(() => []);
    // What a better way offers comes before all that a worse one does.
    return services.map((service) => ({ ...service, transport, priority: service.priority + rank * 65_536 }));
  });
  return (await Promise.all(found)).flat();
}

async function servicesOf(resolver: Resolver, name: string, transport: Transport): Promise<readonly Offered[]> {
  const prefix = PREFIXES.get(transport);
  if (prefix === undefined) return [];
  const services = await resolver.services(prefix + name).catch(() => []);
  return services.map((service) => ({ ...service, transport: undefined }));
}

async function addressed(resolver: Resolver, { name, ...rest }: Offered): Promise<readonly Target[]> {
  const { port, transport, priority, weight } = rest;
  return resolver.address(name).then(
    (host) => [{ host, port, transport, priority, weight }],
    () => [],
  );
}

/** Resolvers give servers in an order of chance; all planes must see the same. */
function byPriority(a: Target, b: Target): number {
  return a.priority - b.priority || (a.host === b.host ? a.port - b.port : a.host < b.host ? -1 : 1);
}

/**
 * The target for a request: among those of the lowest priority, by weight, as its hash says, so that what belongs to one transaction goes
 * one way (RFC 3263 4.4). Undefined: `usable` takes none.
 *
 * @param hash 32 bits.
 */
export function targetFor(
  targets: readonly Target[],
  hash: number,
  usable: (target: Target) => boolean,
): Target | undefined {
  const all = targets.filter(usable);
  const first = all.filter(({ priority }) => priority === all[0]?.priority);
  const weights = first.map(({ weight }) => (first.every((one) => one.weight === 0) ? 1 : weight));
  let point = (hash / 0x1_0000_0000) * weights.reduce((sum, weight) => sum + weight, 0);
  return first.find((_, i) => (point -= weights[i] ?? 0) < 0) ?? first[0];
}
