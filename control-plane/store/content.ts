import type { ClusterSettings, Node, NodeRecord, RoutingConfig, StoredValue } from '../../proto';

/** The node record in a value, or undefined when it holds something else. */
export function recordOf(value: StoredValue | undefined): NodeRecord | undefined {
  return value?.content?.$case === 'node' ? value.content.value : undefined;
}

/** The node in a value, as planes and operators see it at that index. */
export function nodeOf(value: StoredValue | undefined, index: number): Node | undefined {
  const node = recordOf(value)?.node;
  if (node === undefined) return undefined;
  return { ...node, changedIndex: index, registeredIndex: node.registeredIndex || index };
}

/** The routing config in a value, as operators see it at that index; a plane that tries another one sees that. */
export function configOf(value: StoredValue | undefined, index: number, planeId?: string): RoutingConfig | undefined {
  if (value?.content?.$case !== 'config') return undefined;
  const trial = planeId !== undefined && value.canary?.planeIds.includes(planeId) ? value.canary.config : undefined;
  return { ...(trial ?? value.content.value), changedIndex: index };
}

export function settingsOf(value: StoredValue | undefined): ClusterSettings | undefined {
  return value?.content?.$case === 'settings' ? value.content.value : undefined;
}
