import { wireText, type TortureMessage } from './torture-message';

const V6_SDP = `v=0
o=assistant 971731711378798081 0 IN IP6 2001:db8::20
s=Live video feed for today's meeting
c=IN IP6 2001:db8::20
t=3338481189 3370017201
m=audio 6000 RTP/AVP 2
a=rtpmap:2 G726-32/8000
m=video 6024 RTP/AVP 107
a=rtpmap:107 H263-1998/90000
`;

/** A REGISTER to a URI, the shape of most of these messages. */
const register = (name: string, uri: string): Buffer =>
  wireText(`
REGISTER ${uri} SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: ${name}SSG9559905523997077@hlau_4100
Max-Forwards: 70
Contact: "Caller" <sip:caller@[2001:db8::1]>
CSeq: 98176 REGISTER
Content-Length: {n}

`);

const bye = (name: string, received: string): Buffer =>
  wireText(`
BYE sip:[2001:db8::10] SIP/2.0
To: sip:user@example.com;tag=bd76ya
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];received=${received};branch=z9hG4bKas3-111
Call-ID: ${name}SSG9559905523997077@hlau_4100
Max-Forwards: 70
CSeq: 321 BYE
Content-Length: {n}

`);

const invite = (name: string, vias: string, body: string): Buffer =>
  wireText(`
INVITE sip:user@[2001:db8::10] SIP/2.0
To: sip:user@[2001:db8::10]
From: sip:user@example.com;tag=81x2
${vias}
Call-ID: ${name}SSG9559905523997077@hlau_4100
Contact: "Caller" <sip:caller@[2001:db8::20]>
CSeq: 8612 INVITE
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: {n}

${body}`);

const V6_VIA = 'Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-111';

/** RFC 5118: IPv6 in SIP. */
export const RFC5118: readonly TortureMessage[] = [
  {
    section: '4.1',
    name: 'ipv6-good',
    what: 'IPv6 references',
    wanted: 'forward',
    bytes: register('good', 'sip:[2001:db8::10]'),
  },
  {
    section: '4.2',
    name: 'ipv6-bad',
    what: 'IPv6 without brackets',
    wanted: 400,
    bytes: register('bad', 'sip:2001:db8::10'),
  },
  {
    section: '4.3',
    name: 'port-ambiguous',
    what: 'what looks like a port belongs to the address',
    wanted: 'forward',
    bytes: register('ambiguous', 'sip:[2001:db8::10:5070]'),
  },
  {
    section: '4.4',
    name: 'port-unambiguous',
    what: 'a port after the brackets',
    wanted: 'forward',
    bytes: register('unambiguous', 'sip:[2001:db8::10]:5070'),
  },
  {
    section: '4.5',
    name: 'via-received-param-with-delim',
    what: 'received with brackets',
    wanted: 'forward',
    bytes: bye('delim', '[2001:db8::9:255]'),
  },
  {
    section: '4.5',
    name: 'via-received-param-no-delim',
    what: 'received without brackets',
    wanted: 'forward',
    bytes: bye('nodelim', '2001:db8::9:255'),
  },
  {
    section: '4.6',
    name: 'ipv6-in-sdp',
    what: 'IPv6 in the body',
    wanted: 'forward',
    bytes: invite('sdp', V6_VIA, V6_SDP),
  },
  {
    section: '4.7',
    name: 'mult-ip-in-header',
    what: 'both families in the Via list',
    wanted: 'forward',
    bytes: invite(
      'multheader',
      `Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144
Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200`,
      V6_SDP,
    ),
  },
  {
    section: '4.8',
    name: 'mult-ip-in-sdp',
    what: 'both families in the body',
    wanted: 'forward',
    bytes: invite('multsdp', V6_VIA, `${V6_SDP}m=audio 22334 RTP/AVP 0\nc=IN IP4 192.0.2.1\n`),
  },
  {
    section: '4.9',
    name: 'ipv4-mapped-ipv6',
    what: 'IPv4 mapped into IPv6',
    wanted: 'forward',
    bytes: invite(
      'mapped',
      'Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19',
      `${V6_SDP}c=IN IP6 ::ffff:192.0.2.10\n`,
    ),
  },
  {
    section: '4.10',
    name: 'ipv6-bug-abnf-3-colons',
    what: 'three colons, as the grammar of RFC 3261 has it by mistake',
    wanted: 'forward',
    bytes: register('colons3', 'sip:user@[2001:db8:::192.0.2.1]'),
  },
  {
    section: '4.10',
    name: 'ipv6-correct-abnf-2-colons',
    what: 'two colons before an IPv4 part',
    wanted: 'forward',
    bytes: register('colons2', 'sip:user@[2001:db8::192.0.2.1]'),
  },
];
