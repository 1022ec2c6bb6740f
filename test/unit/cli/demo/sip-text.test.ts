import { headersOf, methodOf, parseSip, sipBytes, statusOf } from '../../../../cli/demo/sip-text';

test('what is written is read again', () => {
  const bytes = sipBytes('SIP/2.0 200 OK', [
    ['Via', 'SIP/2.0/UDP a'],
    ['Via', 'SIP/2.0/UDP b'],
    ['CSeq', '1 INVITE'],
  ]);
  const message = parseSip(bytes);
  expect(statusOf(message)).toBe(200);
  expect(methodOf(message)).toBe('INVITE');
  expect(headersOf(message, 'via')).toEqual(['SIP/2.0/UDP a', 'SIP/2.0/UDP b']);
});

test('a request has no status', () => {
  const message = parseSip(sipBytes('BYE sip:a@b SIP/2.0', []));
  expect([methodOf(message), statusOf(message)]).toEqual(['BYE', 0]);
});
