import { table } from '../../../../cli/output';

test('columns line up, without frame, colour or trailing blanks', () => {
  expect(table(['NODE', 'STATE'], [['application1', 'ACTIVE']])).toBe('NODE          STATE\napplication1  ACTIVE');
});

test('a cell of several lines continues below itself', () => {
  const lines = table(['A', 'B', 'C'], [['x', 'one\ntwo', 'y']]).split('\n');
  expect(lines).toEqual(['A  B    C', 'x  one  y', '   two']);
});
