import { EventEmitter } from 'node:events';
import type { Agent } from 'node:http';
import Consul from 'consul';
import { messageOf } from '../errors';
import { Gate } from './gate';

/** A key as Consul holds it. */
export interface KvItem {
  readonly key: string;
  /** UTF-8. */
  readonly value: string;
  readonly modifyIndex: number;
}

export interface KvAnswer {
  /** Of the whole prefix; for the next blocking query only. */
  readonly index: number;
  readonly items: readonly KvItem[];
}

/** How the agent finds out whether a service is well: grpc.health.v1 at `host:port/service`, or a page that answers 2xx. */
export type ServiceCheck =
  | {
      readonly grpc: string;
      /** True: over TLS. The agent asks only whether it serves, so it takes any certificate. */
      readonly secure: boolean;
    }
  | { readonly http: string };

export interface ServiceRegistration {
  readonly name: string;
  /** Unique at its agent. */
  readonly id: string;
  /** '' for the address of the agent's machine. */
  readonly host: string;
  readonly port: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly check: ServiceCheck;
}

/** An instance of a service, as the catalog of all agents has it. */
export interface ServiceInstance {
  readonly id: string;
  /** The agent that it is registered at. */
  readonly agent: string;
  readonly host: string;
  readonly port: number;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string>>;
  /** No check of it, or of its machine, is critical. */
  readonly well: boolean;
}

export interface CatalogAnswer {
  /** For the next blocking query only. */
  readonly index: number;
  readonly instances: readonly ServiceInstance[];
}

/** The calls to Consul that Triplane makes. All reject with what went wrong; none hangs. */
export interface ConsulClient {
  /** All keys below the prefix. `index` > 0: waits up to `waitMs` for a change after it. */
  readAll(prefix: string, index: number, waitMs: number): Promise<KvAnswer>;
  /** Writes if the key is still at `index` (0: does not exist); false when it is not. */
  put(key: string, value: string, index: number): Promise<boolean>;
  /** Deletes a key if it is still at `index` and writes another one, both or nothing; false when it is not. */
  deleteAndPut(key: string, index: number, other: string, value: string): Promise<boolean>;
  register(service: ServiceRegistration): Promise<void>;
  deregister(id: string): Promise<void>;
  /** Whether this agent still knows a registration made there. */
  isRegistered(id: string): Promise<boolean>;
  /** All instances of a service, well or not. `index` > 0: waits up to `waitMs` for a change after it. */
  instances(service: string, index: number, waitMs: number): Promise<CatalogAnswer>;
  /** Ends calls that wait. */
  close(): void;
}

export interface ConsulOptions {
  readonly host: string;
  readonly port: number;
  /** Asked for each call; '' for none. Never logged. */
  readonly token: () => string;
  /** Holds the connections; ended by `close()`. */
  readonly connections: Agent;
  /** True: `connections` speak TLS. */
  readonly secure: boolean;
}

const TIMEOUT_MS = 3000;
const CONFLICT = 409;
/** A call's time begins when it is made, and all of a burst of writes would run out of it while they wait for a connection. */
const WRITES_AT_ONCE = 16;

/** What the package returns when the response is asked for too. */
type WithResponse = [{ headers: Record<string, string | undefined> }, unknown[] | undefined];

interface RawItem {
  readonly Key: string;
  readonly Value: string | null;
  readonly ModifyIndex: number;
}

interface RawInstance {
  readonly Node: { readonly Node: string; readonly Address: string };
  readonly Service: {
    readonly ID: string;
    readonly Address: string;
    readonly Port: number;
    readonly Tags: readonly string[] | null;
    readonly Meta: Readonly<Record<string, string>> | null;
  };
  readonly Checks: readonly { readonly Status: string }[];
}

/** Connects to an agent, without any call yet. */
export function connectConsul({ host, port, token, connections, secure }: ConsulOptions): ConsulClient {
  const consul = new Consul({ host, port, secure, agent: connections });
  const waiting = new Set<EventEmitter>();
  const gate = new Gate(WRITES_AT_ONCE);
  /** The package's types lack the timeout, without which a frozen agent hangs a call for ever. */
  const common = (): { timeout: number; token?: string } => {
    const secret = token();
    return { timeout: TIMEOUT_MS, ...(secret !== '' && { token: secret }) };
  };

  /** A blocking query where `index` > 0; the agent may add a sixteenth to the wait. */
  async function query(
    ask: (options: object) => Promise<unknown>,
    index: number,
    waitMs: number,
  ): Promise<{ index: number; rows: readonly unknown[] }> {
    const context = Object.assign(new EventEmitter(), { includeResponse: true });
    waiting.add(context);
    const blocking =
      index === 0 ? {} : { index: String(index), wait: `${waitMs}ms`, timeout: waitMs + waitMs / 16 + 2000 };
    try {
      const answer = await ask({ ...common(), ctx: context, ...blocking });
      // The package hands an error that it does not know as one on as the answer.
      if (!Array.isArray(answer)) throw new Error(messageOf(answer));
      const [response, rows] = answer as WithResponse;
      return { index: Math.max(1, Number(response.headers['x-consul-index'] ?? 0)), rows: rows ?? [] };
    } finally {
      waiting.delete(context);
    }
  }

  return {
    async readAll(prefix, index, waitMs) {
      const ask = (options: object): Promise<unknown> =>
        consul.kv.get({ key: prefix, recurse: true, consistent: true, ...options } as never);
      const answer = await query(ask, index, waitMs);
      return { index: answer.index, items: (answer.rows as RawItem[]).map(itemOf) };
    },
    // A failed compare-and-set resolves with undefined, not with false.
    put: (key, value, index) =>
      gate.run(
        async () => ((await consul.kv.set({ key, value, cas: index, ...common() } as never)) as unknown) === true,
      ),
    async deleteAndPut(key, index, other, value) {
      const operations = [
        { KV: { Verb: 'delete-cas', Key: key, Index: index } },
        { KV: { Verb: 'set', Key: other, Value: Buffer.from(value).toString('base64') } },
      ];
      try {
        await gate.run(() => consul.transaction.create(operations as never, common() as never));
        return true;
      } catch (error) {
        if (isConflict(error)) return false;
        throw error;
      }
    },
    async register({ name, id, host: address, port: servicePort, meta, check }) {
      const service = { name, id, port: servicePort, meta, ...(address !== '' && { address }), check: checkOf(check) };
      await consul.agent.service.register({ ...service, ...common() } as never);
    },
    async deregister(id) {
      await consul.agent.service.deregister({ id, ...common() } as never);
    },
    async isRegistered(id) {
      return Object.hasOwn(await consul.agent.service.list(common()), id);
    },
    async instances(service, index, waitMs) {
      const ask = (options: object): Promise<unknown> => consul.health.service({ service, ...options } as never);
      const answer = await query(ask, index, waitMs);
      return { index: answer.index, instances: (answer.rows as RawInstance[]).map(instanceOf) };
    },
    close() {
      for (const context of waiting) context.emit('cancel');
      consul.destroy();
    },
  };
}

function checkOf(check: ServiceCheck): object {
  const times = { interval: '2s', timeout: '1s', deregistercriticalserviceafter: '1m' };
  if ('http' in check) return { http: check.http, ...times };
  const tls = check.secure ? { grpcusetls: true, tlsskipverify: true } : {};
  return { grpc: check.grpc, ...tls, ...times };
}

function itemOf({ Key, Value, ModifyIndex }: RawItem): KvItem {
  return { key: Key, value: Value ?? '', modifyIndex: ModifyIndex };
}

function instanceOf({ Node, Service, Checks }: RawInstance): ServiceInstance {
  return {
    id: Service.ID,
    agent: Node.Node,
    host: Service.Address || Node.Address,
    port: Service.Port,
    tags: Service.Tags ?? [],
    meta: Service.Meta ?? {},
    well: Checks.every(({ Status }) => Status !== 'critical' && Status !== 'maintenance'),
  };
}

/** A transaction that ACLs deny is a 409 too. */
function isConflict(error: unknown): boolean {
  const response = (error as { response?: { statusCode?: number; body?: unknown } }).response;
  return response?.statusCode === CONFLICT && !/permission/i.test(JSON.stringify(response.body ?? ''));
}
