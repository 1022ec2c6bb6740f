import type { PlaneNode } from '../nodes';
import { LinearPattern } from '../pattern';
import { NamedNodes } from './named-nodes';
import { badParameter } from '../parameters';

/** One rule: keys in which the pattern is found belong to these nodes. */
export interface NumberRule {
  readonly pattern: LinearPattern;
  readonly nodes: NamedNodes;
}

const MAX_RULES = 200;

/** Rules of the form `PATTERN => node, node`, in order, separated by `;` or new lines. Throws ALGORITHM_PARAMETER that names the rule. */
export function parseNumberRules(text: string): NumberRule[] {
  const lines = text
    .split(/[;\n]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length > MAX_RULES) throw badParameter('numberRules', `at most ${MAX_RULES} rules`, String(lines.length));
  return lines.map((line) => {
    const [pattern = '', targets = '', ...rest] = line.split('=>').map((part) => part.trim());
    const names = targets.split(',').map((name) => name.trim());
    if (pattern === '' || rest.length > 0 || !names.every((name) => /^[A-Za-z0-9._:[\]-]+$/.test(name))) {
      throw badParameter('numberRules', String.raw`rules such as ^\+1555 => app1, app2; separated by ;`, line);
    }
    return { pattern: new LinearPattern('numberRules', pattern, { whole: false }), nodes: new NamedNodes(names) };
  });
}

/** The first rule for a key that has a node among these, as that rule and its nodes. */
export function ruleFor(
  rules: readonly NumberRule[],
  key: string,
  nodes: readonly PlaneNode[],
): { readonly rule: NumberRule; readonly members: readonly PlaneNode[] } | undefined {
  for (let i = 0; i < rules.length; i += 1) {
    const rule = rules[i] as NumberRule;
    if (!rule.pattern.test(key)) continue;
    const members = rule.nodes.among(nodes);
    if (members.length > 0) return { rule, members };
  }
  return undefined;
}
