import { interfaceVersionOf, withInterfaceVersion } from '../../../../smpp-plane/wire';
import { tlv } from '../../../support/awkward-pdus';
import { rawPdu } from '../../../support/smpp-peer';

const VERSION = 0x0210;

function bindResp(...tlvs: readonly Buffer[]): Buffer {
  return rawPdu(0x8000_0009, 7, { body: Buffer.concat([Buffer.from('smsc\0'), ...tlvs]) });
}

const version = (value: number): Buffer => tlv(VERSION, Buffer.from([value]));

describe('sc_interface_version of a bind_resp', () => {
  test.each([
    ['is found', bindResp(version(0x50)), 0x50],
    ['is found behind other TLVs', bindResp(tlv(0x1400, ''), tlv(0x1401, 'vendor'), version(0x34)), 0x34],
    ['is none without the TLV', bindResp(tlv(0x1400, 'x')), undefined],
    ['is none when the TLV has another length', bindResp(tlv(VERSION, 'ab')), undefined],
    ['is none when the TLV is cut short', bindResp(version(0x34)).subarray(0, -1), undefined],
    ['is none without a system_id', rawPdu(0x8000_0009, 7), undefined],
    ['is none when the system_id has no end', rawPdu(0x8000_0009, 7, { body: Buffer.from('smsc') }), undefined],
  ])('%s', (_name, answer, expected) => {
    expect(interfaceVersionOf(answer)).toBe(expected);
  });

  test('is changed in a copy and nothing else is', () => {
    const answer = bindResp(tlv(0x1400, 'x'), version(0x50), tlv(0x1401, 'y'));
    const before = answer.toString('hex');
    expect(withInterfaceVersion(answer, 0x34)).toEqual(bindResp(tlv(0x1400, 'x'), version(0x34), tlv(0x1401, 'y')));
    expect(answer.toString('hex')).toBe(before);
  });

  test('is taken out, and command_length tells so', () => {
    const answer = bindResp(tlv(0x1400, 'x'), version(0x50), tlv(0x1401, 'y'));
    expect(withInterfaceVersion(answer, undefined)).toEqual(bindResp(tlv(0x1400, 'x'), tlv(0x1401, 'y')));
  });

  test('is not added to an answer that has none', () => {
    expect(withInterfaceVersion(bindResp(), 0x34)).toEqual(bindResp());
  });
});
