#!/usr/bin/perl
# An ESME made with Net::SMPP: `net-smpp-esme.pl HOST PORT COUNT` binds as transceiver, submits COUNT messages (every tenth a part with
# UDH, every tenth in UCS-2) with ten in flight, acknowledges receipts until there is one for each, unbinds, and prints what it saw.
use strict;
use warnings;
use Net::SMPP;

my ($host, $port, $count) = @ARGV;
my ($smpp, $bound) = Net::SMPP->new_transceiver($host, port => $port, system_id => 'perl', password => 'pw', smpp_version => 0x34)
    or die "not bound: $!";
die sprintf("bind refused: %x", $bound->{status}) if $bound->{status};

my (%asked, %ids, %receipts);
my ($sent, $refused, $strays, $enquiries) = (0, 0, 0, 0);

sub submit {
    my %message = (source_addr => '4917', destination_addr => '4916', registered_delivery => 1, async => 1);
    if ($sent % 10 == 3) {
        %message = (%message, esm_class => 0x40, short_message => pack('C6', 5, 0, 3, $sent & 0xff, 1, 1) . "perl part $sent");
    } elsif ($sent % 10 == 7) {
        %message = (%message, data_coding => 8, short_message => pack('n*', unpack('C*', "perl ucs2 $sent")));
    } else {
        %message = (%message, short_message => "perl text $sent");
    }
    my $number = $smpp->submit_sm(%message) or die "submit_sm: $!";
    $asked{$number} = $sent++;
}

while (keys %receipts < $count) {
    submit() while $sent < $count && keys %asked < 10;
    my $pdu = $smpp->read_pdu() or die "the connection is over: $!";
    if ($pdu->{cmd} == Net::SMPP::CMD_submit_sm_resp) {
        defined delete $asked{$pdu->{seq}} or $strays++;
        $refused++ if $pdu->{status};
        $ids{$pdu->{message_id}}++;
    } elsif ($pdu->{cmd} == Net::SMPP::CMD_deliver_sm) {
        $smpp->deliver_sm_resp(seq => $pdu->{seq}, message_id => '');
        $receipts{$1}++ if $pdu->{short_message} =~ /^id:(\S+)/;
    } elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) {
        $smpp->enquire_link_resp(seq => $pdu->{seq});
        $enquiries++;
    } else {
        $strays++;
    }
}
my $bye = $smpp->unbind();
my $twice = grep { $_ > 1 } values %ids, values %receipts;
my $foreign = grep { !$ids{$_} } keys %receipts;
printf qq({"sent":%d,"ids":%d,"receipts":%d,"refused":%d,"strays":%d,"twice":%d,"foreign":%d,"unbind":%d}\n),
    $sent, scalar keys %ids, scalar keys %receipts, $refused, $strays, $twice, $foreign, $bye->{status};
