import { isIP } from 'node:net';
import type { Draft } from './draft';

/** extraServerNodes, `ip[:port],…`: nodes that do not register. */
export function convertNodes(draft: Draft): void {
  const value = draft.take('extraServerNodes');
  if (value === undefined) return;
  const nodes = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item, index) => {
      const [address = '', port = '5060'] = item.split(':');
      return { id: `extra${index + 1}`, address, sipUdp: Number(port) };
    });
  const bad = nodes.find(({ address, sipUdp }) => isIP(address) === 0 || !(sipUdp > 0 && sipUdp < 65_536));
  if (bad === undefined) draft.put('control.nodes', nodes);
  else draft.leave('extraServerNodes', value, `expected ip or ip:port, got ${bad.address}; list them as control.nodes`);
}
