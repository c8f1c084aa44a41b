"""What a gateway makes of mail between SMTP and the networks beside it: addresses, headings, reports. Pure."""
