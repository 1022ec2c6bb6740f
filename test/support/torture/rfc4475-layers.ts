import { SDP, wireText, type TortureMessage } from './torture-message';

/** RFC 4475 3.2 to 3.4: messages that are right or wrong above the grammar. */
export const RFC4475_LAYERS: readonly TortureMessage[] = [
  {
    section: '3.2.1',
    name: 'badbranch',
    what: 'a branch that is only the cookie',
    wanted: 'forward',
    bytes: wireText(`
OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:caller@example.org;tag=33242
Max-Forwards: 3
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK
Accept: application/sdp
Call-ID: badbranch.sadonfo23i420jv0as0derf3j3n
CSeq: 8 OPTIONS
l: {n}

`),
  },
  {
    section: '3.3.1',
    name: 'insuf',
    what: 'no Call-ID, From and To',
    wanted: 400,
    bytes: wireText(`
INVITE sip:user@example.com SIP/2.0
CSeq: 193942 INVITE
Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf
Content-Type: application/sdp
l: {n}

${SDP}`),
  },
  {
    section: '3.3.2',
    name: 'unkscm',
    what: 'an unknown scheme',
    wanted: 416,
    bytes: wireText(`
OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=384
Max-Forwards: 3
Call-ID: unkscm.nasdfasser0q239nwsdfasdkl34
CSeq: 3923423 OPTIONS
Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234
Content-Length: {n}

`),
  },
  {
    section: '3.3.3',
    name: 'novelsc',
    what: 'a known scheme that is not SIP',
    wanted: 416,
    bytes: wireText(`
OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=384
Max-Forwards: 3
Call-ID: novelsc.asdfasser0q239nwsdfasdkl34
CSeq: 3923423 OPTIONS
Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234
Content-Length: {n}

`),
  },
  {
    section: '3.3.4',
    name: 'unksm2',
    what: 'unknown schemes in To, From and Contact',
    wanted: 'forward',
    bytes: wireText(`
REGISTER sip:example.com SIP/2.0
To: isbn:2983792873
From: <http://www.example.com>;tag=3234233
Call-ID: unksm2.daksdj@hyphenated-host.example.com
CSeq: 234902 REGISTER
Max-Forwards: 70
Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bKkdjuw
Contact: <name:John_Smith>
l: {n}

`),
  },
  {
    section: '3.3.5',
    name: 'bext01',
    what: 'Proxy-Require and Require of unknown extensions',
    wanted: 420,
    bytes: wireText(`
OPTIONS sip:user@example.com SIP/2.0
To: sip:j_user@example.com
From: sip:caller@example.net;tag=242etr
Max-Forwards: 6
Call-ID: bext01.0ha0isndaksdj
Require: nothingSupportsThis, nothingSupportsThisEither
Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis
CSeq: 8 OPTIONS
Via: SIP/2.0/TLS fold-and-staple.example.com;branch=z9hG4bKkdjuw
Content-Length: {n}

`),
  },
  {
    section: '3.3.6',
    name: 'invut',
    what: 'an unknown Content-Type',
    wanted: 'forward',
    bytes: wireText(`
INVITE sip:user@example.com SIP/2.0
Contact: <sip:caller@host5.example.net>
To: sip:j.user@example.com
From: sip:caller@example.net;tag=8392034
Max-Forwards: 70
Call-ID: invut.0ha0isndaksdjadsfij34n23d
CSeq: 235448 INVITE
Via: SIP/2.0/UDP somehost.example.com;branch=z9hG4bKkdjuw
Content-Type: application/unknownformat
Content-Length: {n}

<audio>
 <pcmu port="443"/>
</audio>
`),
  },
  {
    section: '3.3.7',
    name: 'regaut01',
    what: 'an unknown authorization scheme',
    wanted: 'forward',
    bytes: wireText(`
REGISTER sip:example.com SIP/2.0
To: sip:j.user@example.com
From: sip:j.user@example.com;tag=87321hj23128
Max-Forwards: 8
Call-ID: regaut01.0ha0isndaksdj
CSeq: 9338 REGISTER
Via: SIP/2.0/TCP 192.0.2.253;branch=z9hG4bKkdjuw
Authorization: NoOneKnowsThisScheme opaque-data=here
Content-Length:{n}

`),
  },
  {
    section: '3.3.8',
    name: 'multi01',
    what: 'repeated single-value headers',
    wanted: 400,
    bytes: wireText(`
INVITE sip:user@company.com SIP/2.0
Contact: <sip:caller@host25.example.net>
Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw
Max-Forwards: 70
CSeq: 5 INVITE
Call-ID: multi01.98asdh@192.0.2.1
CSeq: 59 INVITE
Call-ID: multi01.98asdh@192.0.2.2
From: sip:caller@example.com;tag=3413415
To: sip:user@example.com
To: sip:other@example.net
From: sip:caller@example.net;tag=2923420123
Content-Type: application/sdp
l: {n}
Contact: <sip:caller@host36.example.net>
Max-Forwards: 5

${SDP}`),
  },
  {
    section: '3.3.9',
    name: 'mcl01',
    what: 'two Content-Lengths that differ',
    wanted: 400,
    bytes: wireText(`
OPTIONS sip:user@example.com SIP/2.0
Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bK293423
To: sip:user@example.com
From: sip:other@example.net;tag=3923942
Call-ID: mcl01.fhn2323orihawfdoa3o4r52o3irsdf
CSeq: 15932 OPTIONS
Content-Length: 13
Max-Forwards: 60
Content-Length: 5
Content-Type: text/plain

There's no way to know how many octets are supposed to be here.
`),
  },
  {
    section: '3.3.10',
    name: 'bcast',
    what: 'a response that would go to the broadcast address',
    wanted: 'drop',
    bytes: wireText(`
SIP/2.0 200 OK
OWN_VIA
Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23
Call-ID: bcast.0384840201234ksdfak3j2erwedfsASdf
CSeq: 35 INVITE
From: sip:user@example.com;tag=11141343
To: sip:user@example.edu;tag=2229
Content-Length: {n}
Content-Type: application/sdp
Contact: <sip:user@host28.example.com>

${SDP}`),
  },
  {
    section: '3.3.11',
    name: 'zeromf',
    what: 'Max-Forwards 0',
    wanted: 483,
    bytes: wireText(`
OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=3ghsd41
Call-ID: zeromf.jfasdlfnm2o2l43r5u0asdfas
CSeq: 39234321 OPTIONS
Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw2349i
Max-Forwards: 0
Content-Length: {n}

`),
  },
  ...(
    [
      [
        '3.3.12',
        'cparam01',
        'a Contact parameter outside of <>',
        'Contact: sip:+19725552222@gw1.example.net;unknownparam',
      ],
      [
        '3.3.13',
        'cparam02',
        'a parameter in the Contact URI',
        'Contact: <sip:+19725552222@gw1.example.net;unknownparam>',
      ],
      [
        '3.3.14',
        'regescrt',
        'an escaped header in the Contact URI',
        'Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>',
      ],
    ] as const
  ).map(([section, name, what, contact]): TortureMessage => ({
    section,
    name,
    what,
    wanted: 'forward',
    bytes: wireText(`
REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw
Max-Forwards: 70
From: sip:watson@example.com;tag=DkfVgjkrtMwaerKKpe
To: sip:watson@example.com
Call-ID: ${name}.70710@saturn.example.com
CSeq: 2 REGISTER
${contact}
l: {n}

`),
  })),
  {
    section: '3.3.15',
    name: 'sdp01',
    what: 'an Accept without SDP',
    wanted: 'forward',
    bytes: wireText(`
INVITE sip:user@example.com SIP/2.0
To: sip:j_user@example.com
Contact: <sip:caller@host15.example.net>
From: sip:caller@example.net;tag=234
Max-Forwards: 5
Call-ID: sdp01.ndaksdj9342dasdd
Accept: text/nobodyKnowsThis
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw
Content-Length: {n}
Content-Type: application/sdp

${SDP}`),
  },
  {
    section: '3.4.1',
    name: 'inv2543',
    what: 'an INVITE of RFC 2543: no branch, tag, Max-Forwards, length',
    wanted: 'forward',
    stream: 400,
    bytes: wireText(`
INVITE sip:UserB@example.com SIP/2.0
Via: SIP/2.0/UDP iftgw.example.com
From: <sip:+13035551111@ift.client.example.net;user=phone>
Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>
To: sip:+16505552222@ss1.example.net;user=phone
Call-ID: inv2543.1717@ift.client.example.com
CSeq: 56 INVITE
Content-Type: application/sdp

${SDP}`),
  },
];
