"""Received fields of real servers, one of each way to write, and what each of them says.

Names of hosts and people and their addresses are replaced by those of RFC 2606 and RFC 5737 where
they stand for a private person; everything else is as it was found. `source` says where.
"""

from __future__ import annotations

from dataclasses import dataclass

LISTS = "public archives of mailing lists at vger.kernel.org and lists.freedesktop.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A field body as folded, and what is in it; `tls` is None (unknown), "" (clear) or "version cipher"."""

    name: str
    source: str
    field: str
    software: str
    by: str
    helo: str
    client: str
    address: str
    keyword: str
    tls: str | None
    queue_id: str
    at: str
    local: bool = False


SAMPLES = (
    Sample(
        name="Postfix with smtpd_tls_received_header",
        source="Postfix 3.7 smtpd.c; a message in " + LISTS + ", 2025-11-09",
        field="""from mail-a.example.com (mail-a.example.com [192.0.2.136])
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
\t key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)
\t(No client certificate requested)
\tby mx.example.net (Postfix) with ESMTPS id 4d3qXk2Fyqz3B9
\tfor <inbox@example.net>; Sun,  9 Nov 2025 08:03:19 +0100 (CET)""",
        software="Postfix",
        by="mx.example.net",
        helo="mail-a.example.com",
        client="mail-a.example.com",
        address="192.0.2.136",
        keyword="ESMTPS",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        queue_id="4d3qXk2Fyqz3B9",
        at="2025-11-09T07:03:19+00:00",
    ),
    Sample(
        name="Postfix as it comes",
        source="a message in " + LISTS + ", 2025-10-10",
        field="""from smtp.example.com (unknown [10.6.23.247])
\tby mx.example.net (Postfix) with ESMTPS id D51841955F22;
\tFri, 10 Oct 2025 00:39:36 +0000 (UTC)""",
        software="Postfix",
        by="mx.example.net",
        helo="smtp.example.com",
        client="",
        address="10.6.23.247",
        keyword="ESMTPS",
        tls=" ",
        queue_id="D51841955F22",
        at="2025-10-10T00:39:36+00:00",
    ),
    Sample(
        name="Postfix before it knew RFC 3848",
        source="SpamAssassin t/rcvd_parser.t (2004)",
        field="""from rubel.example.edu (rubel.example.edu [198.51.100.214])
 (using TLSv1 with cipher DHE-RSA-AES256-SHA (256/256 bits)) (No client certificate requested)
 by sf1.example.org (Postfix) with ESMTP id 23587284EE for <users@example.org>;
 Sat, 16 Oct 2004 23:32:19 +0000 (UTC) (envelope-from snort@example.edu)""",
        software="Postfix",
        by="sf1.example.org",
        helo="rubel.example.edu",
        client="rubel.example.edu",
        address="198.51.100.214",
        keyword="ESMTP",
        tls="TLSv1.0 DHE-RSA-AES256-SHA",
        queue_id="23587284EE",
        at="2004-10-16T23:32:19+00:00",
    ),
    Sample(
        name="Postfix with smtpd_hide_client_session",
        source="Postfix 3.7 smtpd.c, smtpd_message_received_header",
        field="by mail.example.com (Postfix) id 4d3qXk2Fyqz3B9\n\tfor <a@example.net>; Wed, 12 Nov 2025 08:00:00 +0000 (UTC)",
        software="Postfix",
        by="mail.example.com",
        helo="",
        client="",
        address="",
        keyword="",
        tls=None,
        queue_id="4d3qXk2Fyqz3B9",
        at="2025-11-12T08:00:00+00:00",
    ),
    Sample(
        name="Postfix pickup",
        source="Postfix 3.7 cleanup and pickup",
        field="by mail.example.com (Postfix, from userid 1000)\n\tid 7ZEOF1BNOC; Wed, 12 Nov 2025 08:00:00 +0000 (UTC)",
        software="Postfix",
        by="mail.example.com",
        helo="",
        client="",
        address="",
        keyword="",
        tls=None,
        queue_id="7ZEOF1BNOC",
        at="2025-11-12T08:00:00+00:00",
        local=True,
    ),
    Sample(
        name="Exim 4.93 and later",
        source="a message in " + LISTS + ", 2024-04-01; Exim globals.c",
        field="""from mail01.example.net ([198.51.100.50]:60412 helo=mail.example.com)
\tby web23.example.net with esmtps  (TLS1.3) tls TLS_AES_256_GCM_SHA384
\t(Exim 4.97.1)
\t(envelope-from <probe@example.com>)
\tid 1rrJvd-00000009Imn-01cH;
\tMon, 01 Apr 2024 17:50:33 +0200""",
        software="Exim",
        by="web23.example.net",
        helo="mail.example.com",
        client="mail01.example.net",
        address="198.51.100.50",
        keyword="ESMTPS",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        queue_id="1rrJvd-00000009Imn-01cH",
        at="2024-04-01T15:50:33+00:00",
    ),
    Sample(
        name="Exim without a name for the address",
        source="a message in " + LISTS + ", 2022-11-14",
        field="""from [198.51.100.206] (helo=[192.168.169.11])
        by asmtp012.example.ch with esmtpsa  (TLS1.3) tls TLS_AES_256_GCM_SHA384
        (Exim 4.95 (FreeBSD))
        (envelope-from <probe@example.org>)
        id 1ouf0i-0009TX-AB;
        Mon, 14 Nov 2022 20:20:48 +0100""",
        software="Exim",
        by="asmtp012.example.ch",
        helo="192.168.169.11",
        client="",
        address="198.51.100.206",
        keyword="ESMTPSA",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        queue_id="1ouf0i-0009TX-AB",
        at="2022-11-14T19:20:48+00:00",
    ),
    Sample(
        name="Exim with GnuTLS, 2006",
        source="SpamAssassin t/rcvd_parser.t",
        field="""from server040.example.de ([203.0.113.48]:52313) by vps.example.info with esmtps
 (TLS-1.0:DHE_RSA_3DES_EDE_CBC_SHA:24) (Exim 4.50) id 1GzVLs-0002Oz-7b for inbox@example.de;
 Wed, 27 Dec 2006 10:45:49 +0100""",
        software="Exim",
        by="vps.example.info",
        helo="server040.example.de",
        client="server040.example.de",
        address="203.0.113.48",
        keyword="ESMTPS",
        tls="TLSv1.0 DHE_RSA_3DES_EDE_CBC_SHA",
        queue_id="1GzVLs-0002Oz-7b",
        at="2006-12-27T09:45:49+00:00",
    ),
    Sample(
        name="Exim in clear",
        source="mail-parser tests/mails/mail_test_4 (2016)",
        field="""from client.example.com ([203.0.113.174]:45321 helo=User)
\tby mail.example.net with esmtpa (Exim 4.87)
\t(envelope-from <probe@example.com>)
\tid 1bakrE-000291-LF; Fri, 19 Aug 2016 20:34:52 +0600""",
        software="Exim",
        by="mail.example.net",
        helo="User",
        client="client.example.com",
        address="203.0.113.174",
        keyword="ESMTPA",
        tls="",
        queue_id="1bakrE-000291-LF",
        at="2016-08-19T14:34:52+00:00",
    ),
    Sample(
        name="Sendmail 8.17",
        source="a message in " + LISTS + ", 2024-05-21",
        field="""from [172.19.97.128] (dpcl082.ac.example.de [172.19.97.128])
\tby mailhost.ac.example.de (8.17.1.9/8.17.1.9/Debian-2) with ESMTPS id 44LEnkdC843797
\t(version=TLSv1.3 cipher=TLS_AES_128_GCM_SHA256 bits=128 verify=NOT);
\tTue, 21 May 2024 16:49:46 +0200""",
        software="Sendmail",
        by="mailhost.ac.example.de",
        helo="172.19.97.128",
        client="dpcl082.ac.example.de",
        address="172.19.97.128",
        keyword="ESMTPS",
        tls="TLSv1.3 TLS_AES_128_GCM_SHA256",
        queue_id="44LEnkdC843797",
        at="2024-05-21T14:49:46+00:00",
    ),
    Sample(
        name="Sendmail 8.12, and a name that does not lead back",
        source="SpamAssassin t/rcvd_parser.t (2004), a message in " + LISTS + ", 2025-10-10",
        field="""from osx.local (ecs.example.com [198.51.100.33] (may be forged))
\t(authenticated bits=0)
\tby sunny.example.de (8.12.10/8.12.10) with ESMTP id i8ND9v0N017746
\t(version=TLSv1/SSLv3 cipher=RC4-MD5 bits=128 verify=NO)
\tfor <inbox@example.ie>; Thu, 23 Sep 2004 15:09:59 +0200""",
        software="Sendmail",
        by="sunny.example.de",
        helo="osx.local",
        client="",
        address="198.51.100.33",
        keyword="ESMTP",
        tls=" RC4-MD5",
        queue_id="i8ND9v0N017746",
        at="2004-09-23T13:09:59+00:00",
    ),
    Sample(
        name="Sendmail's submit",
        source="a message in " + LISTS + ", 2025-10-10",
        field="""(from probe@localhost)
\tby work.example.com (8.18.1/8.18.1/Submit) id 59A0dZEF2933051;
\tThu, 9 Oct 2025 20:39:35 -0400""",
        software="Sendmail",
        by="work.example.com",
        helo="",
        client="",
        address="",
        keyword="",
        tls=None,
        queue_id="59A0dZEF2933051",
        at="2025-10-10T00:39:35+00:00",
        local=True,
    ),
    Sample(
        name="Exchange Online",
        source="a message in " + LISTS + ", 2025-07-16",
        field="""from BY1PEPF0001AE17.namprd04.prod.outlook.com
 (2603:10b6:303:8d:cafe::9) by MW4PR03CA0157.outlook.office365.com
 (2603:10b6:303:8d::12) with Microsoft SMTP Server (version=TLS1_3,
 cipher=TLS_AES_256_GCM_SHA384) id 15.20.8835.23 via Frontend Transport; Wed,
 16 Jul 2025 07:51:43 +0000""",
        software="Exchange",
        by="MW4PR03CA0157.outlook.office365.com",
        helo="BY1PEPF0001AE17.namprd04.prod.outlook.com",
        client="",
        address="2603:10b6:303:8d:cafe::9",
        keyword="MICROSOFT SMTP SERVER",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        queue_id="",
        at="2025-07-16T07:51:43+00:00",
    ),
    Sample(
        name="Exchange Online, from the mailbox's own server",
        source="mail-parser tests/mails/mail_test_1 (2018)",
        field="""from DM6PR06MB4475.namprd06.prod.outlook.com (2603:10b6:207:3d::31)
 by BL0PR06MB4465.namprd06.prod.outlook.com with HTTPS id 12345 via
 BL0PR02CA0054.NAMPRD02.PROD.OUTLOOK.COM; Mon, 1 Oct 2018 09:49:22 +0000""",
        software="Exchange",
        by="BL0PR06MB4465.namprd06.prod.outlook.com",
        helo="DM6PR06MB4475.namprd06.prod.outlook.com",
        client="",
        address="2603:10b6:207:3d::31",
        keyword="HTTPS",
        tls=" ",
        queue_id="",
        at="2018-10-01T09:49:22+00:00",
    ),
    Sample(
        name="Exchange 2013, TLS",
        source="a message in " + LISTS + ", 2023-12-12",
        field="""from EXMBX068.example.com (172.16.6.68) by EXMBX166.example.com
 (172.16.6.76) with Microsoft SMTP Server (TLS) id 15.0.1497.42; Tue, 12 Dec
 2023 11:25:39 +0800""",
        software="Exchange",
        by="EXMBX166.example.com",
        helo="EXMBX068.example.com",
        client="",
        address="172.16.6.68",
        keyword="MICROSOFT SMTP SERVER",
        tls=" ",
        queue_id="",
        at="2023-12-12T03:25:39+00:00",
    ),
    Sample(
        name="Exchange 2013, silent",
        source="a message in " + LISTS + ", 2023-11-26",
        field="""from maili.example.com (10.69.176.80) by DC5-EXCH02.example.com
 (10.69.176.39) with Microsoft SMTP Server id 15.0.1497.48 via Frontend
 Transport; Sun, 26 Nov 2023 19:04:54 -0800""",
        software="Exchange",
        by="DC5-EXCH02.example.com",
        helo="maili.example.com",
        client="",
        address="10.69.176.80",
        keyword="MICROSOFT SMTP SERVER",
        tls=None,
        queue_id="",
        at="2023-11-27T03:04:54+00:00",
    ),
    Sample(
        name="Exchange, within the store",
        source="a message in " + LISTS + ", 2020-07-09",
        field="""from NODE3.example.com ([fe80::d04:5337:ab17:b6f6]) by
 NODE3.example.com ([fe80::d04:5337:ab17:b6f6%20]) with mapi id
 15.00.1473.003; Thu, 9 Jul 2020 09:56:10 +0200""",
        software="Exchange",
        by="NODE3.example.com",
        helo="NODE3.example.com",
        client="",
        address="fe80::d04:5337:ab17:b6f6",
        keyword="MAPI",
        tls=None,
        queue_id="",
        at="2020-07-09T07:56:10+00:00",
    ),
    Sample(
        name="Gmail's MX",
        source="a message in the archive of linux-mm, 2019-01-23",
        field="""from mga11.example.com (mga11.example.com. [192.0.2.93])
        by mx.google.com with ESMTPS id j3si18527568plk.199.2019.01.23.06.22.01
        for <inbox@example.org>
        (version=TLS1_2 cipher=ECDHE-RSA-AES128-GCM-SHA256 bits=128/128);
        Wed, 23 Jan 2019 06:22:01 -0800 (PST)""",
        software="Gmail",
        by="mx.google.com",
        helo="mga11.example.com",
        client="mga11.example.com",
        address="192.0.2.93",
        keyword="ESMTPS",
        tls="TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256",
        queue_id="j3si18527568plk.199.2019.01.23.06.22.01",
        at="2019-01-23T14:22:01+00:00",
    ),
    Sample(
        name="Gmail's submission, SMTPUTF8",
        source="a message in " + LISTS + ", 2023-10-15",
        field="""from localhost ([2001:db8:a840:1e00:78d2:b862:10a7:d486])
        by smtp.gmail.com with UTF8SMTPSA id d8-20020a170903230800b001c62c9d7289sm6869426plh.104.2023.10.15.07.17.36
        (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128);
        Sun, 15 Oct 2023 07:17:41 -0700 (PDT)""",
        software="Gmail",
        by="smtp.gmail.com",
        helo="localhost",
        client="",
        address="2001:db8:a840:1e00:78d2:b862:10a7:d486",
        keyword="UTF8SMTPSA",
        tls="TLSv1.3 TLS_AES_128_GCM_SHA256",
        queue_id="d8-20020a170903230800b001c62c9d7289sm6869426plh.104.2023.10.15.07.17.36",
        at="2023-10-15T14:17:41+00:00",
    ),
    Sample(
        name="Gmail within itself",
        source="a message shown in a public help forum, 2021-09-28",
        field="by 2002:a05:6102:22c6:0:0:0:0 with SMTP id a6csp126141vsh;\n       Tue, 28 Sep 2021 20:57:32 -0700 (PDT)",
        software="Gmail",
        by="2002:a05:6102:22c6:0:0:0:0",
        helo="",
        client="",
        address="",
        keyword="SMTP",
        tls=None,
        queue_id="a6csp126141vsh",
        at="2021-09-29T03:57:32+00:00",
        local=True,
    ),
    Sample(
        name="Dovecot LMTP with TLS",
        source="dmarc-metrics-exporter issue 52 (2025)",
        field="""from aspmx1.example.com ([2001:db8:303:e224::])  (using TLSv1.3
 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))     by mp0.example.com with
 LMTPS  id 8H7RHrs8PGi7egAAqHPOHw       (envelope-from
 <probe@example.org>)
        for <inbox@example.com>; Sun, 01 Jun 2025 13:42:51 +0200""",
        software="Dovecot",
        by="mp0.example.com",
        helo="aspmx1.example.com",
        client="",
        address="2001:db8:303:e224::",
        keyword="LMTPS",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        queue_id="8H7RHrs8PGi7egAAqHPOHw",
        at="2025-06-01T11:42:51+00:00",
    ),
    Sample(
        name="Dovecot LMTP on loopback",
        source="a support page on headers of a mail filter service, 2021",
        field="""from mx01.example.com ([127.0.0.1]) by mx01.example.com with LMTP
 id yOZqE/o2nWB8SgAAg7zoWw (envelope-from <probe@example.com>) for <user@example.com>;
 Thu, 13 May 2021 16:26:02 +0200""",
        software="Dovecot",
        by="mx01.example.com",
        helo="mx01.example.com",
        client="",
        address="127.0.0.1",
        keyword="LMTP",
        tls="",
        queue_id="yOZqE/o2nWB8SgAAg7zoWw",
        at="2021-05-13T14:26:02+00:00",
        local=True,
    ),
    Sample(
        name="Dovecot LMTP on a Unix socket",
        source="Dovecot smtp-server-transaction.c: an address only where the peer has one",
        field="""from mail.example.com
\tby mail.example.com with LMTP
\tid yOZqE/o2nWB8SgAAg7zoWw
\t(envelope-from <probe@example.com>)
\tfor <user@example.com>; Thu, 13 May 2021 16:26:02 +0200""",
        software="Dovecot",
        by="mail.example.com",
        helo="mail.example.com",
        client="",
        address="",
        keyword="LMTP",
        tls="",
        queue_id="yOZqE/o2nWB8SgAAg7zoWw",
        at="2021-05-13T14:26:02+00:00",
        local=True,
    ),
    Sample(
        name="OpenSMTPD",
        source="a message in " + LISTS + ", 2024-01-26",
        field="""from largo.example.au (largo.example.au [192.168.1.43])
\tby lechuck.example.au (OpenSMTPD) with ESMTPS id 96f08978 (TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO);
\tFri, 26 Jan 2024 20:51:12 +1100 (AEDT)""",
        software="OpenSMTPD",
        by="lechuck.example.au",
        helo="largo.example.au",
        client="largo.example.au",
        address="192.168.1.43",
        keyword="ESMTPS",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        queue_id="96f08978",
        at="2024-01-26T09:51:12+00:00",
    ),
    Sample(
        name="OpenSMTPD with LibreSSL's names and mask-src",
        source="a message in " + LISTS + ", 2020-12-29",
        field="""by vale.example.org (OpenSMTPD) with ESMTPS id 4d8bcb7e (TLSv1.3:AEAD-AES256-GCM-SHA384:256:NO);
        Tue, 29 Dec 2020 14:58:08 +0000 (UTC)""",
        software="OpenSMTPD",
        by="vale.example.org",
        helo="",
        client="",
        address="",
        keyword="ESMTPS",
        tls="TLSv1.3 AEAD-AES256-GCM-SHA384",
        queue_id="4d8bcb7e",
        at="2020-12-29T14:58:08+00:00",
    ),
    Sample(
        name="OpenSMTPD from its own sendmail",
        source="a message in " + LISTS + ", 2024-01-26",
        field="""from localhost (largo.example.au [local])
\tby largo.example.au (OpenSMTPD) with ESMTPA id ffb24e39;
\tFri, 26 Jan 2024 20:51:11 +1100 (AEDT)""",
        software="OpenSMTPD",
        by="largo.example.au",
        helo="localhost",
        client="",
        address="",
        keyword="ESMTPA",
        tls="",
        queue_id="ffb24e39",
        at="2024-01-26T09:51:11+00:00",
        local=True,
    ),
    Sample(
        name="Stalwart",
        source="stalwart issue 762 (2024)",
        field="""from mail-ed1-x532.google.com (mail-ed1-x532.google.com [2a00:1450:4864:20::532])
\t(using TLSv1.3 with cipher TLS13_AES_256_GCM_SHA384)
\tby mail.stalw.art (Stalwart SMTP) with ESMTPS id 2C1016A48C03010;
\tSat, 21 Sep 2024 07:37:20 +0000""",
        software="Stalwart",
        by="mail.stalw.art",
        helo="mail-ed1-x532.google.com",
        client="mail-ed1-x532.google.com",
        address="2a00:1450:4864:20::532",
        keyword="ESMTPS",
        tls="TLSv1.3 TLS13_AES_256_GCM_SHA384",
        queue_id="2C1016A48C03010",
        at="2024-09-21T07:37:20+00:00",
    ),
    Sample(
        name="Haraka since 2.8.28",
        source="Haraka pull request 2916 (2021)",
        field="""from smtp.github.com (out-17.smtp.github.com [192.30.252.200])
        by mx.example.net (Haraka) with ESMTPS id A1FA2F1F-87C5-4DE6-B712-A76A1073EB0D.1
        envelope-from <noreply@github.com>
        tls TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
        Mon, 25 Jan 2021 03:08:26 +0000""",
        software="Haraka",
        by="mx.example.net",
        helo="smtp.github.com",
        client="out-17.smtp.github.com",
        address="192.30.252.200",
        keyword="ESMTPS",
        tls="TLSv1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        queue_id="A1FA2F1F-87C5-4DE6-B712-A76A1073EB0D.1",
        at="2021-01-25T03:08:26+00:00",
    ),
    Sample(
        name="Haraka before 2.8.28",
        source="Haraka pull request 2916 (2021)",
        field="""from smtp.github.com (out-26.smtp.github.com [192.30.252.209])
        by mx.example.net (Haraka) with ESMTPS id 8C63B826-630C-4AC8-A969-09AF5E3EA70C.1
        envelope-from <noreply@github.com>
        (version=TLSv1.2 cipher=ECDHE-RSA-AES128-GCM-SHA256);
        Sun, 24 Jan 2021 18:12:30 +0000""",
        software="Haraka",
        by="mx.example.net",
        helo="smtp.github.com",
        client="out-26.smtp.github.com",
        address="192.30.252.209",
        keyword="ESMTPS",
        tls="TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256",
        queue_id="8C63B826-630C-4AC8-A969-09AF5E3EA70C.1",
        at="2021-01-24T18:12:30+00:00",
    ),
    Sample(
        name="qmail",
        source="mail-parser tests/mails/mail_test_1 (2016); notqmail received.c",
        field="""from smtprelay0207.example.com (HELO smtprelay.example.com) (198.51.100.42)
  by smtp.example.net with SMTP; 22 Aug 2016 14:23:01 -0000""",
        software="qmail",
        by="smtp.example.net",
        helo="smtprelay.example.com",
        client="smtprelay0207.example.com",
        address="198.51.100.42",
        keyword="SMTP",
        tls=None,
        queue_id="",
        at="2016-08-22T14:23:01+00:00",
    ),
    Sample(
        name="qmail's queue",
        source="mail-parser tests/mails/mail_test_9 (2016); notqmail qmail-queue.c",
        field="(qmail 11857 invoked by uid 8061); 26 Dec 2016 05:32:04 -0000",
        software="qmail",
        by="",
        helo="",
        client="",
        address="",
        keyword="",
        tls=None,
        queue_id="11857",
        at="2016-12-26T05:32:04+00:00",
        local=True,
    ),
    Sample(
        name="netqmail with the TLS patch",
        source="a message in " + LISTS + ", 2023-02-17",
        field="""from unknown (HELO n03.example.com) (198.51.100.146)
  by server-15.example.net with ECDHE-RSA-AES256-GCM-SHA384 encrypted SMTP; 17 Feb 2023 14:48:57 -0000""",
        software="qmail",
        by="server-15.example.net",
        helo="n03.example.com",
        client="",
        address="198.51.100.146",
        keyword="ECDHE-RSA-AES256-GCM-SHA384 ENCRYPTED SMTP",
        tls="TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384",
        queue_id="",
        at="2023-02-17T14:48:57+00:00",
    ),
    Sample(
        name="s/qmail",
        source="a message in " + LISTS + ", 2020-04-08; s/qmail received.c",
        field="""from unknown (HELO localhost) (probe@example.in@203.0.113.72)
  de/crypted with TLSv1.3: TLS_AES_256_GCM_SHA384 [256/256] DN=none
  by mail.example.in with ESMTPSA; 8 Apr 2020 07:11:31 -0000""",
        software="s/qmail",
        by="mail.example.in",
        helo="localhost",
        client="",
        address="203.0.113.72",
        keyword="ESMTPSA",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        queue_id="",
        at="2020-04-08T07:11:31+00:00",
    ),
    Sample(
        name="mailfront",
        source="mail-parser tests/mails/mail_test_4 (2016); mailfront plugin-add-received.c",
        field="""from localhost.example.com (mail.example.com [198.51.100.248])
  by mx03.example.net ([198.51.100.174])
  with ESMTP via TCP; 21 Aug 2016 10:49:39 -0000""",
        software="mailfront",
        by="mx03.example.net",
        helo="localhost.example.com",
        client="mail.example.com",
        address="198.51.100.248",
        keyword="ESMTP",
        tls=None,
        queue_id="",
        at="2016-08-21T10:49:39+00:00",
    ),
    Sample(
        name="qpsmtpd",
        source="a message in " + LISTS + ", 2025-12-05",
        field="""from dump.example.net (HELO dump.example.net) (10.0.0.2)
 by example.net (qpsmtpd/0.94) with (TLS_AES_256_GCM_SHA384 encrypted) ESMTPS; Fri, 05 Dec 2025 13:46:50 -0500""",
        software="qpsmtpd",
        by="example.net",
        helo="dump.example.net",
        client="dump.example.net",
        address="10.0.0.2",
        keyword="ESMTPS",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        queue_id="",
        at="2025-12-05T18:46:50+00:00",
    ),
    Sample(
        name="Courier",
        source="a message in " + LISTS + ", 2022-08-16; Courier submit.C",
        field="""from monster.example.com (monster.example.com [::ffff:192.168.0.2])
  (TLS: TLSv1.3,256bits,TLS_AES_256_GCM_SHA384)
  by www.example.org with ESMTPS
  id 00000000002A025B.0000000062FC2C5D.0000D81D; Tue, 16 Aug 2022 19:46:37 -0400""",
        software="Courier",
        by="www.example.org",
        helo="monster.example.com",
        client="monster.example.com",
        address="192.168.0.2",
        keyword="ESMTPS",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        queue_id="00000000002A025B.0000000062FC2C5D.0000D81D",
        at="2022-08-16T23:46:37+00:00",
    ),
    Sample(
        name="Cyrus LMTP",
        source="Cyrus imap/lmtpengine.c",
        field="""from mx.example.net ([192.0.2.9])
\t by imap.example.net (Cyrus 3.6.1) with LMTPSA
\t (version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256 verify=NO);
\t Tue, 16 Aug 2022 19:46:37 -0400""",
        software="Cyrus",
        by="imap.example.net",
        helo="mx.example.net",
        client="",
        address="192.0.2.9",
        keyword="LMTPSA",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        queue_id="",
        at="2022-08-16T23:46:37+00:00",
    ),
    Sample(
        name="Cisco ESA",
        source="a message shown on a public page, 2013",
        field="""from jhemtmwex3.example.edu (HELO exchange.example.edu)
 ([10.181.198.38])
 by ipex1.example.edu with ESMTP/TLS/AES128-SHA; 14 Aug 2013 08:59:29
 -0400""",
        software="Cisco ESA",
        by="ipex1.example.edu",
        helo="exchange.example.edu",
        client="",
        address="10.181.198.38",
        keyword="ESMTP/TLS/AES128-SHA",
        tls=" AES128-SHA",
        queue_id="",
        at="2013-08-14T12:59:29+00:00",
    ),
    Sample(
        name="the grammar of RFC 5321 with the tls clause of RFC 8314",
        source="RFC 8314 section 4.3",
        field="""from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.net
 via TCP4 with ESMTPS id 42 for <inbox@example.net> tls TLS_AES_128_GCM_SHA256; 1 Jan 70 00:00 GMT""",
        software="",
        by="mx.example.net",
        helo="mail.example.com",
        client="mail.example.com",
        address="192.0.2.1",
        keyword="ESMTPS",
        tls="TLSv1.3 TLS_AES_128_GCM_SHA256",
        queue_id="42",
        at="1970-01-01T00:00:00+00:00",
    ),
    Sample(
        name="a host that takes no name from RFC 3848",
        source="mailpit internal/smtpd/smtpd.go",
        field="""from probe.example.com (localhost [127.0.0.1])
        by mailpit.local (Mailpit) with SMTP
        for <inbox@example.net>; Wed, 5 Nov 2025 08:00:00 +0000 (UTC)""",
        software="",
        by="mailpit.local",
        helo="probe.example.com",
        client="localhost",
        address="127.0.0.1",
        keyword="SMTP",
        tls=None,
        queue_id="",
        at="2025-11-05T08:00:00+00:00",
    ),
)


def header(*fields: str) -> bytes:
    """Return a header section with these Received fields, the first at the top."""
    return "".join(f"Received: {each}\r\n" for each in fields).encode() + b"Subject: a\r\n\r\n"
