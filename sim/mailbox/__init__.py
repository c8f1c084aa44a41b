"""What an MDA and a message access agent decide: mailboxes, delivery rules, quotas, and the answers of POP3 and IMAP.

Told the time, never waiting for it.
"""
