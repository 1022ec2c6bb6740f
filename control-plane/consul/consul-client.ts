import { EventEmitter } from 'node:events';
import Consul from 'consul';

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

export interface ServiceRegistration {
  readonly name: string;
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** `host:port/service` that the agent checks by grpc.health.v1. */
  readonly grpcCheck: string;
  /** True: over TLS. The agent asks only whether it serves, so it takes any certificate. */
  readonly secure: boolean;
}

export interface ServiceInstance {
  readonly id: string;
  readonly host: string;
  readonly port: number;
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
  /** The instances whose checks pass. */
  passing(service: string): Promise<ServiceInstance[]>;
  /** Ends calls that wait. */
  close(): void;
}

export interface ConsulOptions {
  readonly host: string;
  readonly port: number;
  /** '' for none. Never logged. */
  readonly token: string;
}

const TIMEOUT_MS = 3000;
const CONFLICT = 409;

/** What the package returns when the response is asked for too. */
type WithResponse = [{ headers: Record<string, string | undefined> }, RawItem[] | undefined];

interface RawItem {
  readonly Key: string;
  readonly Value: string | null;
  readonly ModifyIndex: number;
}

/** Connects to an agent, without any call yet. */
export function connectConsul({ host, port, token }: ConsulOptions): ConsulClient {
  // The package's types lack the timeout, without which a frozen agent hangs a call for ever.
  const defaults = { timeout: TIMEOUT_MS, ...(token !== '' && { token }) };
  const consul = new Consul({ host, port, defaults });
  const waiting = new Set<EventEmitter>();

  return {
    async readAll(prefix, index, waitMs) {
      const context = Object.assign(new EventEmitter(), { includeResponse: true });
      waiting.add(context);
      // The agent may add a sixteenth to the wait.
      const timeout = index === 0 ? TIMEOUT_MS : waitMs + waitMs / 16 + 2000;
      const options = { key: prefix, recurse: true, consistent: true, ctx: context, timeout };
      const wait = index === 0 ? {} : { index: String(index), wait: `${waitMs}ms` };
      try {
        const [response, items] = (await consul.kv.get({ ...options, ...wait })) as unknown as WithResponse;
        return {
          index: Math.max(1, Number(response.headers['x-consul-index'] ?? 0)),
          items: (items ?? []).map(itemOf),
        };
      } finally {
        waiting.delete(context);
      }
    },
    // A failed compare-and-set resolves with undefined, not with false.
    put: async (key, value, index) => ((await consul.kv.set({ key, value, cas: index })) as unknown) === true,
    async deleteAndPut(key, index, other, value) {
      try {
        await consul.transaction.create([
          { KV: { Verb: 'delete-cas', Key: key, Index: index } },
          { KV: { Verb: 'set', Key: other, Value: Buffer.from(value).toString('base64') } },
        ] as never);
        return true;
      } catch (error) {
        if (isConflict(error)) return false;
        throw error;
      }
    },
    async register({ name, id, host: address, port: servicePort, grpcCheck, secure }) {
      const tls = secure ? { grpcusetls: true, tlsskipverify: true } : {};
      const check = { grpc: grpcCheck, ...tls, interval: '2s', timeout: '1s', deregistercriticalserviceafter: '1m' };
      await consul.agent.service.register({ name, id, address, port: servicePort, check: check as never });
    },
    async deregister(id) {
      await consul.agent.service.deregister(id);
    },
    async passing(service) {
      const found = (await consul.health.service({ service, passing: true } as never)) as unknown;
      return (found as { Service: { ID: string; Address: string; Port: number } }[]).map(
        ({ Service: { ID: id, Address: address, Port } }) => ({ id, host: address, port: Port }),
      );
    },
    close() {
      for (const context of waiting) context.emit('cancel');
      consul.destroy();
    },
  };
}

function itemOf({ Key, Value, ModifyIndex }: RawItem): KvItem {
  return { key: Key, value: Value ?? '', modifyIndex: ModifyIndex };
}

/** A transaction that ACLs deny is a 409 too. */
function isConflict(error: unknown): boolean {
  const response = (error as { response?: { statusCode?: number; body?: unknown } }).response;
  return response?.statusCode === CONFLICT && !/permission/i.test(JSON.stringify(response.body ?? ''));
}
