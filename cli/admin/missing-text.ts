/** The line that names control planes which did not answer; '' when all did. `what` may be missing: planes, figures. */
export function missingText(ids: readonly string[], what: string): string {
  if (ids.length === 0) return '';
  return `no answer from ${ids.length === 1 ? 'control plane' : 'control planes'} ${ids.join(', ')}: ${what} of their planes may be missing`;
}
