import type { XmlElement } from './xml';

/** Sections whose keys carry their leg in the properties dialect: `sip/external/udpPort` is `externalUdpPort` there. */
const LEGS: ReadonlySet<string> = new Set(['external', 'internal']);

/** Sections that are one setting made of many elements. */
const WHOLE: ReadonlySet<string> = new Set(['urlrewrite', 'routingRulesIpv4', 'routingRulesIpv6']);

/** Elements of the XML dialect whose name in the properties dialect is another. */
const RENAMED: Readonly<Record<string, string>> = { publicIp: 'public-ip', blockedValues: 'blocked-values' };

/** The keys of the XML dialect under their names in the properties dialect. A key that occurs again keeps its last value. */
export function flattenXml(root: XmlElement): Map<string, string> {
  const entries = new Map<string, string>();
  for (const child of root.children) visit(child, '', entries);
  return entries;
}

function visit(element: XmlElement, leg: string, entries: Map<string, string>): void {
  if (element.name === 'property') {
    const key = element.children.find(({ name }) => name === 'key')?.text;
    const value = element.children.find(({ name }) => name === 'value')?.text;
    if (key !== undefined) entries.set(key, value ?? '');
    return;
  }
  if (WHOLE.has(element.name)) {
    entries.set(element.name, '...');
    return;
  }
  if (element.children.length > 0) {
    for (const child of element.children) visit(child, LEGS.has(element.name) ? element.name : leg, entries);
    return;
  }
  const name = Object.hasOwn(RENAMED, element.name) ? (RENAMED[element.name] ?? '') : element.name;
  entries.set(leg === '' ? name : `${leg}${name[0]?.toUpperCase()}${name.slice(1)}`, element.text);
}
