'use strict';

/**
 * by-prefix: keys that begin with one of `prefixes` go to the nodes whose id begins with the name beside it, all others to any node.
 * With prefixes "+1:us- +44:uk-" a call for +44… goes to uk-1, uk-2 and so on, each with its share by weight.
 */
exports.algorithm = {
  name: 'by-prefix',
  parameters: ['prefixes'],

  create(parameters, { random }) {
    const rules = (parameters.get('prefixes') ?? '')
      .split(' ')
      .filter((rule) => rule !== '')
      .map((rule) => {
        const [prefix, ids] = rule.split(':');
        if (!prefix || !ids) throw new Error(`prefixes: expected PREFIX:ID-BEGINNING …, got ${rule}`);
        return { prefix, ids };
      });

    return {
      select(key, nodes, context) {
        const rule = rules.find(({ prefix }) => key.startsWith(prefix));
        const wanted = rule ? nodes.filter(({ id }) => id.startsWith(rule.ids)) : nodes;
        return byWeight(wanted.length > 0 ? wanted : nodes, context, random);
      },
    };
  },
};

/** Chance, weighted: weightOf() is smaller than node.weight while a node starts slowly. */
function byWeight(nodes, context, random) {
  let point = random() * nodes.reduce((sum, node) => sum + context.weightOf(node), 0);
  return nodes.find((node) => (point -= context.weightOf(node)) < 0) ?? nodes.at(-1);
}
