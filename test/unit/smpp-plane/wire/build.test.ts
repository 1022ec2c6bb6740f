import {
  Command,
  Status,
  commandIndex,
  commandNames,
  headerOnly,
  localBindResponse,
  readBindFields,
} from '../../../../smpp-plane/wire';
import { bindBody, rawPdu } from '../../../support/smpp-peer';

describe('PDUs of our own', () => {
  test('a bare header has its length, command, status and sequence number', () => {
    expect(headerOnly(Command.UNBIND, Status.OK, 0x7fffffff).toString('hex')).toBe('0000001000000006000000007fffffff');
  });

  test.each([
    [0x34, true],
    [0x50, true],
    [0x33, false],
    [0, false],
  ])('a bind_resp of ours for interface version %d carries a TLV: %s', (interfaceVersion, tlv) => {
    const pdu = localBindResponse({ bind: 0x09, status: Status.SYSTEM_ERROR, sequence: 7, interfaceVersion });
    expect(pdu.readUInt32BE(0)).toBe(pdu.length);
    expect(pdu.readUInt32BE(4)).toBe(0x80000009);
    expect(pdu.readUInt32BE(8)).toBe(8);
    expect(pdu.toString('latin1', 16, 29)).toBe('loadbalancer\0');
    expect(pdu.toString('hex', 29)).toBe(tlv ? '0210000134' : '');
  });
});

describe('bind fields', () => {
  test('are read from a whole bind', () => {
    expect(readBindFields(rawPdu(9, 1, { body: bindBody('acme', 'a password longer than eight') }))).toEqual({
      systemId: 'acme',
      interfaceVersion: 0x34,
    });
  });

  test.each([
    ['', '', 0],
    ['abc', '', 0],
    ['abc\0', 'abc', 0],
    ['abc\0pw\0type\0', 'abc', 0],
  ])('a bind that is cut short after %j gives %j', (body, systemId, interfaceVersion) => {
    expect(readBindFields(rawPdu(9, 1, { body: Buffer.from(body) }))).toEqual({ systemId, interfaceVersion });
  });
});

test.each([
  [0x04, 'submit_sm'],
  [0x103, 'data_sm'],
  [0x113, 'cancel_broadcast_sm'],
  [0x0a, 'vendor'],
  [0x10200, 'vendor'],
  [0x7fffffff, 'vendor'],
  [0, 'generic_nack'],
])('command %d counts as %s', (command, name) => {
  expect(commandNames[commandIndex(command)]).toBe(name);
});
