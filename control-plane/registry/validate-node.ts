import { isIP } from 'node:net';
import { Protocol, Transport, type Endpoint, type Node } from '../../proto';
import { DEFAULT_POOL } from '../store';
import { Refusal } from './refusal';

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const MAX_ENDPOINTS = 16;
const MAX_WEIGHT = 1000;
const MAX_LABELS = 64;
const MAX_TEXT = 256;

/** Whether a text may be a node id or a pool name. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** What a node says of itself, checked and with its pool filled in. Throws Refusal INVALID that names the field. */
export function validateNode(node: Node | undefined): Node {
  if (node === undefined) throw invalid('node', 'a node', 'none');
  requireName('node.node_id', node.nodeId);
  requireText('node.incarnation', node.incarnation, 1);
  if (node.pool !== '') requireName('node.pool', node.pool);
  requireText('node.software_version', node.softwareVersion, 0);
  if (node.jvmRoute !== '') requireName('node.jvm_route', node.jvmRoute);
  if (node.weight !== undefined && node.weight > MAX_WEIGHT) {
    throw invalid('node.weight', `0-${MAX_WEIGHT}`, node.weight);
  }
  validateLabels(node.labels);
  validateEndpoints(node.endpoints);
  return { ...node, pool: node.pool === '' ? DEFAULT_POOL : node.pool };
}

function validateEndpoints(endpoints: readonly Endpoint[]): void {
  if (endpoints.length < 1 || endpoints.length > MAX_ENDPOINTS) {
    throw invalid('node.endpoints', `1-${MAX_ENDPOINTS} of them`, endpoints.length);
  }
  for (const [index, { protocol, transport, host, port }] of endpoints.entries()) {
    const field = `node.endpoints[${index}]`;
    if (!isKnown(Protocol, protocol)) throw invalid(`${field}.protocol`, 'SIP, HTTP or SMPP', protocol);
    if (!isKnown(Transport, transport)) throw invalid(`${field}.transport`, 'UDP, TCP, TLS, WS or WSS', transport);
    if (isIP(host) === 0) throw invalid(`${field}.host`, 'an IP address without brackets', quoted(host));
    if (port < 1 || port > 65_535) throw invalid(`${field}.port`, '1-65535', port);
  }
}

function validateLabels(labels: ReadonlyMap<string, string>): void {
  if (labels.size > MAX_LABELS) throw invalid('node.labels', `at most ${MAX_LABELS}`, labels.size);
  for (const [name, value] of labels) {
    requireText('node.labels (a name)', name, 1);
    requireText(`node.labels[${name}]`, value, 0);
  }
}

function requireName(field: string, text: string): void {
  if (!isName(text)) throw invalid(field, '1-64 characters of A-Z a-z 0-9 . _ -', quoted(text));
}

function requireText(field: string, text: string, min: number): void {
  if (text.length < min || text.length > MAX_TEXT) {
    throw invalid(field, `${min}-${MAX_TEXT} characters`, `${text.length} characters`);
  }
}

function isKnown<T extends string>(values: Readonly<Record<string, T>>, value: T): boolean {
  return value !== values['UNSPECIFIED'] && value !== values['UNRECOGNIZED'] && Object.values(values).includes(value);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function invalid(field: string, expected: string, got: unknown): Refusal {
  return new Refusal('INVALID', `${field}: expected ${expected}, got ${String(got)}`, { field });
}
