//go:build integration

package lab

import "fmt"

// Bounce is bounce number i as Postfix writes it, about one recipient that is not known. The number stands in the original's
// Message-ID, in front of the @; returned stands below the original's header. Lines end with LF.
func Bounce(i int, to, returned string) string {
	return fmt.Sprintf(bounce, 0xA0000000+i, to, returned, i)
}

const bounce = `Return-Path: <>
Received: by mx.example.com (Postfix)
	id %[1]X; Tue, 3 Mar 2026 10:00:00 +0000 (UTC)
Date: Tue, 3 Mar 2026 10:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounces@example.com
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="%[1]X/mx.example.com"
Message-Id: <20260303100000.%[1]X@mx.example.com>

This is a MIME-encapsulated message.

--%[1]X/mx.example.com
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.com.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<%[2]s>: host mx.example.net[198.51.100.10] said: 550 5.1.1 <%[2]s>:
    Recipient address rejected: User unknown (in reply to RCPT TO command)

--%[1]X/mx.example.com
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
X-Postfix-Queue-ID: %[1]X
Arrival-Date: Tue,  3 Mar 2026 09:59:58 +0000 (UTC)

Final-Recipient: rfc822; %[2]s
Original-Recipient: rfc822;%[2]s
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; 550 5.1.1 <%[2]s>: Recipient address rejected: User unknown

--%[1]X/mx.example.com
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: shop@example.com
To: %[2]s
Subject: Your order
Message-ID: <%[4]d@app.example.com>
Date: Tue, 3 Mar 2026 09:59:58 +0000
%[3]s
--%[1]X/mx.example.com--
`
