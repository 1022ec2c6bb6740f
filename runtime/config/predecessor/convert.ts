import { configSchema } from '../schema';
import { describeKeys } from '../walk';
import { flattenXml } from './flatten';
import { readProperties } from './properties';
import { reasonFor } from './reasons';
import { ALGORITHMS, RULES } from './rules';
import { readXml } from './xml';

/** A key of the predecessor that triplane.yaml has no place for. */
export interface LeftOver {
  readonly key: string;
  /** Never shown for passwords. */
  readonly value: string;
  readonly reason: string;
}

export interface Conversion {
  /** What triplane.yaml says, as a tree of keys; to be validated like any other. */
  readonly tree: Record<string, unknown>;
  readonly leftOvers: readonly LeftOver[];
}

/** Whether a file's name says that it is the predecessor's: `.properties` or `.xml`. */
export function isPredecessorFile(file: string): boolean {
  return /\.(properties|xml)$/i.test(file);
}

/** Converts lb.properties (either guide's keys) or the XML. Throws CONFIG_SYNTAX for broken XML; nothing is dropped in silence. */
export function convertPredecessor(text: string, file: string): Conversion {
  const entries = /^\s*</.test(text) ? flattenXml(readXml(text, file)) : readProperties(text);
  return new Converter(entries).run();
}

type Tree = Record<string, unknown>;

class Converter {
  readonly #entries: ReadonlyMap<string, string>;
  readonly #known = new Set(describeKeys(configSchema).map(({ key }) => key));
  readonly #tree: Tree = {};
  readonly #leftOvers: LeftOver[] = [];

  constructor(entries: ReadonlyMap<string, string>) {
    this.#entries = entries;
  }

  run(): Conversion {
    this.#convertAlgorithm();
    this.#convertOldPorts();
    for (const [key, value] of this.#entries) this.#convert(key, value);
    this.#closeUnnamedPorts();
    this.#openHeartbeats();
    return { tree: this.#tree, leftOvers: this.#leftOvers };
  }

  #convert(key: string, value: string): void {
    switch (key) {
      case 'algorithmClass':
      case 'callIdAffinityMaxTimeInCache':
      case 'callIdAffinityGroupFailover':
      case 'externalPort':
      case 'internalPort':
        return;
      case 'nodeTimeout':
        this.#convertNodeTimeout(value);
        return;
      case 'sipHeaderAffinityKey':
        this.#put(
          'sip.affinityKey',
          value.replace(/^(from|to)\.user$/i, (_all, header: string) => capitalised(header)),
        );
        return;
      case 'extraServerNodes':
        this.#leave(key, value, `register each: ${registrations(value)}`);
        return;
      default:
        this.#convertByRule(key, value);
    }
  }

  #convertByRule(key: string, value: string): void {
    const rule = Object.hasOwn(RULES, key) ? RULES[key] : undefined;
    const to = rule?.to.filter((target) => this.#known.has(target)) ?? [];
    if (rule === undefined || to.length === 0) {
      this.#leave(key, value, reasonFor(key));
      return;
    }
    const converted = valueOf(rule.as, value);
    if (converted === undefined) {
      this.#leave(key, value, `expected ${rule.as === 'integer' ? 'a whole number' : 'a value'}`);
      return;
    }
    for (const target of to) if (!this.#isMoreExact(key, target)) this.#put(target, converted);
  }

  /** A leg's own host, or one side's own timer, wins over what stands for both. */
  #isMoreExact(key: string, target: string): boolean {
    if (key === 'host') {
      const own = { 'sip.external.host': 'externalHost', 'sip.internal.host': 'internalHost' }[target];
      return own !== undefined && this.#entries.has(own);
    }
    if (!key.startsWith('timeoutConnectionCheck')) return false;
    const other = key.endsWith('ClientSide') ? 'timeoutConnectionCheckServerSide' : 'timeoutConnectionCheckClientSide';
    return Number(this.#entries.get(other) ?? 0) > Number(this.#entries.get(key));
  }

  #convertNodeTimeout(value: string): void {
    const ms = Number(value);
    if (!Number.isInteger(ms) || ms < 15) {
      this.#leave('nodeTimeout', value, 'expected at least 15 (milliseconds)');
      return;
    }
    this.#put('control.lease.ttlMs', ms);
    if (ms < 6000) this.#put('control.lease.intervalMs', Math.floor(ms / 3));
  }

  #convertAlgorithm(): void {
    const given = this.#entries.get('algorithmClass');
    const simple = given?.split('.').at(-1) ?? 'CallIDAffinityBalancerAlgorithm';
    const algorithm = Object.hasOwn(ALGORITHMS, simple) ? ALGORITHMS[simple] : undefined;
    if (given !== undefined && algorithm === undefined) {
      this.#leave('algorithmClass', given, 'this algorithm is not in this version; call-id-affinity is used');
    }
    if (given !== undefined && algorithm !== undefined) this.#put('control.routing.sip.algorithm', algorithm);
    if (simple.startsWith('Persistent')) {
      this.#leave('algorithmClass', given ?? '', 'header-hash is used: keys move only when their own node goes');
    }
    this.#convertCallIdParameters(algorithm === undefined || algorithm === 'call-id-affinity');
  }

  #convertCallIdParameters(chosen: boolean): void {
    const seconds = this.#entries.get('callIdAffinityMaxTimeInCache');
    const group = this.#entries.get('callIdAffinityGroupFailover');
    const usable = seconds !== undefined && /^[1-9]\d{0,4}$/.test(seconds) && Number(seconds) <= 86_400;
    const parameters: Record<string, string> = {};
    if (chosen && usable) parameters['callIdAffinityMaxTimeInCache'] = seconds;
    else if (seconds !== undefined) {
      const reason = chosen ? 'expected 1-86400 seconds; 500 is used' : reasonFor('callIdAffinityMaxTimeInCache');
      this.#leave('callIdAffinityMaxTimeInCache', seconds, reason);
    }
    if (chosen && group !== undefined && /^(true|false)$/i.test(group)) {
      parameters['callIdAffinityGroupFailover'] = group.toLowerCase();
    } else if (group !== undefined) {
      this.#leave('callIdAffinityGroupFailover', group, reasonFor('callIdAffinityGroupFailover'));
    }
    if (Object.keys(parameters).length > 0) this.#put('control.routing.sip.parameters', parameters);
  }

  /** The older guide has one port per leg and a transport beside it. */
  #convertOldPorts(): void {
    for (const leg of ['external', 'internal']) {
      const value = this.#entries.get(`${leg}Port`);
      if (value === undefined) continue;
      const transport = (this.#entries.get(`${leg}Transport`) ?? 'UDP').toLowerCase();
      const webSocket = this.#entries.get('isTransportWs')?.toLowerCase() === 'true';
      const target = `sip.${leg}.${webSocket ? 'ws' : transport}Port`;
      if (this.#known.has(target) && /^\d+$/.test(value)) this.#put(target, Number(value));
      else this.#leave(`${leg}Port`, value, reasonFor(webSocket ? 'externalWsPort' : 'externalTlsPort'));
    }
  }

  /** A leg that names some of its ports has no others; what is not named must not listen on a default. */
  #closeUnnamedPorts(): void {
    for (const leg of ['external', 'internal']) {
      const named = [...this.#entries.keys()].some((key) =>
        new RegExp(`^${leg}(Udp|Tcp|Tls|Ws|Wss|Secure)?Port$`).test(key),
      );
      if (!named) continue;
      for (const transport of ['udpPort', 'tcpPort']) {
        const target = `sip.${leg}.${transport}`;
        if (this.#at(target) === undefined) this.#put(target, null);
      }
    }
  }

  /** Nodes on other machines sent their heartbeats to the common host. */
  #openHeartbeats(): void {
    const host = this.#entries.get('host');
    if (host !== undefined && this.#at('control.jsonHeartbeat.port') !== undefined) {
      this.#put('control.jsonHeartbeat.host', host);
    }
  }

  #leave(key: string, value: string, reason: string): void {
    const shown = /password|secret/i.test(key) ? '...' : value;
    this.#leftOvers.push({ key, value: shown, reason });
  }

  #at(path: string): unknown {
    return path.split('.').reduce<unknown>((place, key) => (place as Tree | undefined)?.[key], this.#tree);
  }

  #put(path: string, value: unknown): void {
    const keys = path.split('.');
    let place = this.#tree;
    for (const key of keys.slice(0, -1)) place = (place[key] ??= {}) as Tree;
    place[keys.at(-1) ?? ''] = value;
  }
}

function valueOf(as: 'text' | 'integer' | 'list', value: string): unknown {
  switch (as) {
    case 'integer':
      return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
    case 'list':
      return value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    case 'text':
      return value === '' ? undefined : value;
  }
}

function capitalised(word: string): string {
  return `${word[0]?.toUpperCase()}${word.slice(1).toLowerCase()}`;
}

/** The commands that do for a list of `ip[:port]` what extraServerNodes did. */
function registrations(value: string): string {
  const nodes = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  return nodes
    .map((node, index) => {
      const [address = '', port = '5060'] = node.split(':');
      return `triplane node --id extra${index + 1} --address ${address} --sip-udp ${port}`;
    })
    .join('; ');
}
