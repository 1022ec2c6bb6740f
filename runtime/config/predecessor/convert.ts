import { closeUnnamedPorts, convertLegs } from './convert-legs';
import { convertAlgorithm } from './convert-algorithm';
import { convertHttps } from './convert-https';
import { convertNodes } from './convert-nodes';
import { convertSipOptions } from './convert-sip-options';
import { convertSmpp } from './convert-smpp';
import { Draft, type LeftOver } from './draft';
import { flattenXml } from './flatten';
import { readProperties } from './properties';
import { reasonFor } from './reasons';
import { RULES, type Rule } from './rules';
import { readXml } from './xml';

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
  const isXml = /^\s*</.test(text);
  const draft = new Draft(isXml ? flattenXml(readXml(text, file)) : readProperties(text));
  convertAlgorithm(draft);
  convertNodes(draft);
  convertNodeTimeout(draft);
  convertLegs(draft);
  convertSipOptions(draft);
  convertSmpp(draft, isXml);
  convertHttps(draft);
  for (const [key, value] of draft.rest) convertByRule(draft, key, value);
  closeUnnamedPorts(draft);
  openHeartbeats(draft);
  return { tree: draft.tree, leftOvers: draft.leftOvers };
}

function convertByRule(draft: Draft, key: string, value: string): void {
  const rule = Object.hasOwn(RULES, key) ? RULES[key] : undefined;
  const to = rule?.to.filter((target) => draft.knows(target)) ?? [];
  const converted = rule === undefined ? undefined : valueOf(rule.as, value);
  if (rule === undefined || to.length === 0) draft.leave(key, value, reasonFor(key));
  else if (converted === undefined) {
    draft.leave(key, value, `expected ${rule.as === 'integer' ? 'a whole number' : 'a value'}`);
  } else for (const target of to) if (!hasMoreExact(draft, key, target)) draft.put(target, converted);
}

/** A leg's own host, or the longer one of two timers, wins over what stands for both. */
function hasMoreExact({ entries }: Draft, key: string, target: string): boolean {
  if (key === 'host') {
    const own = { 'sip.external.host': 'externalHost', 'sip.internal.host': 'internalHost' }[target];
    return own !== undefined && entries.has(own);
  }
  if (!key.startsWith('timeoutConnectionCheck')) return false;
  const other = key.endsWith('ClientSide') ? 'timeoutConnectionCheckServerSide' : 'timeoutConnectionCheckClientSide';
  return Number(entries.get(other) ?? 0) > Number(entries.get(key));
}

function convertNodeTimeout(draft: Draft): void {
  const value = draft.take('nodeTimeout');
  if (value === undefined) return;
  const ms = Number(value);
  if (!Number.isInteger(ms) || ms < 15) {
    draft.leave('nodeTimeout', value, 'expected at least 15 (milliseconds)');
    return;
  }
  draft.put('control.lease.ttlMs', ms);
  if (ms < 6000) draft.put('control.lease.intervalMs', Math.floor(ms / 3));
}

/** Nodes on other machines sent their heartbeats to the common host. */
function openHeartbeats(draft: Draft): void {
  const host = draft.entries.get('host');
  if (host !== undefined && draft.at('control.jsonHeartbeat.port') !== undefined) {
    draft.put('control.jsonHeartbeat.host', host);
  }
}

function valueOf(as: Rule['as'], value: string): unknown {
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
